"""How a calendar month used to go for each stock, and how the month of each day goes so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel

# Names of the owner's file of months; the return is a fraction, whatever its name says.
MONTHLY_COLUMNS = ("name", "month", "year", "pct_return_month", "day_low_day_of_month")
MONTH_NUMBERS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1)}
NEAR_DAYS = 3          # days of the month around the typical low day


@dataclass(frozen=True, slots=True, eq=False)
class SeasonalPanel:
    """What past months of the same name were like, and the month so far; all arrays shape (T, S).

    positive_share : percent of the past months of this name whose return was not negative. mean_return : their mean
        return, percent. typical_low_day : median day of the month of their lows. n_years : how many there are.
        The first three are NaN where fewer than the wanted number of years is known, all where there is no bar.
    month_to_date : percent, close of the session against the last close of the month before; NaN without a bar, or
        where the month before had none.

    Timing: months strictly before the month of t, closes up to and including t; usable for orders decided after t's
    close. Returns are of prices, without dividends, and continuous over splits.

    Examples
    --------
    >>> one = np.array([[50.0]])
    >>> panel = SeasonalPanel(pd.to_datetime(["2024-03-12"]), one, one, np.array([[15.0]]), one, one)
    >>> panel.is_near_low_day().tolist()
    [[True]]
    """

    sessions: pd.DatetimeIndex
    positive_share: np.ndarray
    mean_return: np.ndarray
    typical_low_day: np.ndarray
    n_years: np.ndarray
    month_to_date: np.ndarray

    def is_near_low_day(self) -> np.ndarray:
        """Return whether a session lies within three days of the typical low day of its month."""
        return np.abs(self.sessions.day.to_numpy()[:, None] - self.typical_low_day) <= NEAR_DAYS


def seasonal_factors(
    bars: BarPanel, *, min_years: int, monthly: pd.DataFrame | None = None, counts_missing: bool = False,
) -> SeasonalPanel:
    """Return the seasonal panel of some bars.

    min_years : past months of a name that are needed. monthly : months before the bars begin, columns name (a symbol),
        month ("Jan"), year, pct_return_month (a fraction) and day_low_day_of_month, as in the owner's file; where the
        bars know a month's return too, theirs holds.
    counts_missing : count a month whose return is unknown as one of return 0, as the original does; only rows of
        `monthly` can be such months. Here the share then rises and the mean shrinks.
    Raises: DataError if `monthly` lacks columns, names a month otherwise or holds one twice.

    Examples
    --------
    >>> from backtrader_system.market_data.panel import panel_from_table
    >>> days = pd.to_datetime(["2022-12-30", "2023-01-31", "2023-12-29", "2024-01-31", "2024-12-31", "2025-01-02"])
    >>> close = [100.0, 110, 100, 98, 100, 101]
    >>> bars = panel_from_table(pd.DataFrame({"session": days, "symbol": "A", "open": close, "high": close,
    ...                                       "low": close, "close": close, "volume": 1.0}))
    >>> panel = seasonal_factors(bars, min_years=2)
    >>> [round(float(values[-1, 0]), 6) for values in (panel.positive_share, panel.mean_return, panel.month_to_date)]
    [50.0, 4.0, 1.0]
    """
    months = _months_of_bars(bars)
    if monthly is not None:
        months = _with_table(months, monthly, bars.symbols)
    shares, means, low_days, years = _past_months(months, min_years, counts_missing=counts_missing)
    row = np.searchsorted(months.number, _month_numbers(bars.sessions))
    return SeasonalPanel(bars.sessions, *(
        np.where(bars.has_bar, values[row], np.nan) for values in (shares, means, low_days, years)),
        month_to_date=_month_to_date(bars))


@dataclass(frozen=True, slots=True, eq=False)
class _Months:
    """Months by symbol, rising. number : 12 * year + month - 1; returns : fractions; others shape (M, S)."""

    number: np.ndarray
    returns: np.ndarray
    low_day: np.ndarray
    is_listed: np.ndarray


def _month_numbers(days: pd.DatetimeIndex) -> np.ndarray:
    return 12 * days.year.to_numpy() + days.month.to_numpy() - 1


def _months_of_bars(bars: BarPanel) -> _Months:
    """Return the months from the first to the last session, also those in which no session lies."""
    month = _month_numbers(bars.sessions)
    number = np.arange(month[0], month[-1] + 1) if len(month) else np.empty(0, int)
    closes = np.full((len(number), bars.shape[1]), np.nan)
    low_day = closes.copy()
    shares = np.cumprod(bars.split_ratio, axis=0)
    close, low, day = bars.close * shares, bars.low * shares, bars.sessions.day.to_numpy()
    for place, wanted in enumerate(number):
        rows = slice(*np.searchsorted(month, [wanted, wanted + 1]))
        has_bar = bars.has_bar[rows]
        traded = has_bar.any(axis=0)
        if not traded.any():
            continue
        last = len(has_bar) - 1 - has_bar[::-1].argmax(axis=0)
        closes[place] = np.where(traded, close[rows][last, np.arange(len(last))], np.nan)
        lowest = np.where(has_bar, low[rows], np.inf).argmin(axis=0)
        low_day[place] = np.where(traded, day[rows][lowest], np.nan)
    returns = np.full_like(closes, np.nan)
    returns[1:] = closes[1:] / closes[:-1] - 1.0
    return _Months(number, returns, low_day, np.isfinite(returns))


def _with_table(months: _Months, table: pd.DataFrame, symbols: tuple[str, ...]) -> _Months:
    """Return the months with those of the table where the bars know no return."""
    table = _checked_table(table)
    table = table[table["name"].isin(symbols)]
    wanted = 12 * table["year"].to_numpy(dtype=int) + table["month"].to_numpy(dtype=int) - 1
    number = np.union1d(months.number, wanted)
    shape = (len(number), len(symbols))
    row, column = np.searchsorted(number, wanted), pd.Index(symbols).get_indexer(table["name"])
    returns, low_day, is_listed = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    returns[row, column] = table["pct_return_month"]
    low_day[row, column] = table["day_low_day_of_month"]
    is_listed[row, column] = True
    own = np.searchsorted(number, months.number)
    returns[own] = np.where(months.is_listed, months.returns, returns[own])
    low_day[own] = np.where(months.is_listed, months.low_day, low_day[own])
    is_listed[own] |= months.is_listed
    return _Months(number, returns, low_day, is_listed)


def _checked_table(table: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in MONTHLY_COLUMNS if name not in table.columns]
    if missing:
        raise DataError(f"the table of months lacks the columns {missing}; found {list(table.columns)}")
    month = table["month"].map(MONTH_NUMBERS)
    unnamed = sorted(set(table["month"][month.isna()].astype(str)))
    if unnamed:
        raise DataError(f"the table of months names months {unnamed}; must be Jan, Feb, ... Dec")
    if table["year"].isna().any():
        raise DataError(f"the table of months lacks the year of {int(table['year'].isna().sum())} rows; add it")
    twice = table.duplicated(["name", "month", "year"])
    if twice.any():
        example = table[twice].iloc[0]
        raise DataError(f"the table of months holds {int(twice.sum())} months twice, such as {example['name']} "
                        f"{example['month']} {example['year']:.0f}; leave one of each")
    # An open of 0 makes an infinite return in the owner's file: that return is unknown.
    finite = np.isfinite(table["pct_return_month"].to_numpy(dtype=float))
    return table.assign(month=month.astype(int), pct_return_month=table["pct_return_month"].where(finite))


def _past_months(months: _Months, min_years: int, *, counts_missing: bool) -> tuple[np.ndarray, ...]:
    """Return share, mean, low day and years known before each month begins, each shape (M, S)."""
    returns = np.where(months.is_listed & np.isnan(months.returns), 0.0, months.returns) if counts_missing \
        else months.returns
    results = tuple(np.full(returns.shape, np.nan) for _ in range(4))
    for name in range(12):
        rows = np.flatnonzero(months.number % 12 == name)
        is_known = np.isfinite(returns[rows])
        past = _before(is_known.astype(float))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = 100.0 * _before(np.where(returns[rows] >= 0, 1.0, 0.0)) / past
            mean = 100.0 * _before(np.nan_to_num(returns[rows])) / past
        low_day = _running_median(np.where(is_known, months.low_day[rows], np.nan))
        for result, values in zip(results, (share, mean, low_day), strict=False):
            result[rows] = np.where(past >= max(min_years, 1), values, np.nan)
        results[3][rows] = past
    return results


def _before(values: np.ndarray) -> np.ndarray:
    """Return the sums of the rows strictly above each row."""
    # Not `cumsum(values) - values`: rounding would let a row's own value, which is not known yet, shine through.
    return np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])[:-1]


def _running_median(values: np.ndarray) -> np.ndarray:
    """Return the median of the finite values strictly above each row, NaN where there is none."""
    medians = np.full(values.shape, np.nan)
    for row in range(1, len(values)):
        known = np.isfinite(values[:row]).any(axis=0)
        medians[row, known] = np.nanmedian(values[:row, known], axis=0)
    return medians


def _month_to_date(bars: BarPanel) -> np.ndarray:
    month = _month_numbers(bars.sessions)
    close = bars.close * np.cumprod(bars.split_ratio, axis=0)
    result = np.full(bars.shape, np.nan)
    for wanted in np.unique(month)[1:]:
        before = close[slice(*np.searchsorted(month, [wanted - 1, wanted]))]
        rows = slice(*np.searchsorted(month, [wanted, wanted + 1]))
        if len(before):
            has_bar = np.isfinite(before)
            last = len(before) - 1 - has_bar[::-1].argmax(axis=0)
            base = before[last, np.arange(before.shape[1])]
            result[rows] = 100.0 * (close[rows] / base - 1.0)
    return result
