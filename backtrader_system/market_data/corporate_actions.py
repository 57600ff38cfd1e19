"""Splits and dividends: read, found in factor columns, joined to the bars they hit, used for adjustment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.bar_columns import read_csv_text
from backtrader_system.market_data.panel import PRICES, BarPanel
from backtrader_system.market_data.quality import DataIssue

ACTION_COLUMNS = ["symbol", "ex_date", "split_ratio", "dividend"]
# Factor files keep about six digits: a 2:1 split shows as 1.9999. Real ratios are of small whole numbers.
_LARGEST_DENOMINATOR, _RATIO_ROUNDING = 20, 2e-4


def read_actions(path: Path) -> pd.DataFrame:
    """Return the corporate actions of a CSV file: symbol, ex_date, split_ratio, dividend.

    split_ratio : shares held after per share before (7 for 7:1, 0.1 for 1:10); empty means 1.
    dividend : dollars per share, in shares after a split of the same date; empty means 0.
    Raises: DataError with every row that is impossible.
    """
    table = read_csv_text(Path(path))
    table = table.rename(columns=lambda name: name.strip().lower())
    missing = [name for name in ACTION_COLUMNS if name not in table]
    if missing:
        raise DataError(f"{path}: columns missing: {', '.join(missing)}; found: {', '.join(table.columns)}; "
                        f"needed: {', '.join(ACTION_COLUMNS)}")
    text = table[ACTION_COLUMNS].apply(lambda cells: cells.str.strip())
    ex_date = pd.to_datetime(text["ex_date"], format="%Y-%m-%d", errors="coerce").astype("datetime64[ns]")
    ratio, dividend = (pd.to_numeric(text[name].replace("", default), errors="coerce").astype(float)
                       for name, default in (("split_ratio", "1"), ("dividend", "0")))
    problems = (("symbol is empty", text["symbol"] == ""), ("ex_date is not a date (YYYY-MM-DD)", ex_date.isna()),
                ("split_ratio must be above 0", ~((ratio > 0) & np.isfinite(ratio))),
                ("dividend must be 0 or more", ~((dividend >= 0) & np.isfinite(dividend))))
    faults = [f"row {row + 1} after the header: {', '.join(text.iloc[row])}: {what}"
              for what, bad in problems for row in np.flatnonzero(bad)]
    if faults:
        raise DataError(f"{path}: impossible corporate actions", faults=faults)
    return pd.DataFrame({"symbol": text["symbol"], "ex_date": ex_date, "split_ratio": ratio, "dividend": dividend})


def actions_of_factors(
    bars: pd.DataFrame, source_of: Mapping[str, str]
) -> tuple[pd.DataFrame, list[DataIssue]]:
    """Return the actions that cumulative factor columns imply, and an issue for each impossible or unknown factor.

    bars : raw bars sorted by symbol and session with split_factor or price_factor or both; close * split_factor
        is in shares of the last row, and price_factor takes out the dividends that follow.
    A split is a change of split_factor: ratio = factor[t] / factor[t-1]. A dividend is a rise of price_factor,
    dividend = close[t-1] * (1 - factor[t-1] / factor[t]), here in shares of session t.
    """
    unknown = _has_no_factors(bars)
    same = bars["symbol"].eq(bars["symbol"].shift()).to_numpy()
    split, price = (np.where(unknown, 1.0, _change(bars, name, same)) for name in ("split_factor", "price_factor"))
    previous = bars["close"].shift().to_numpy()
    ratio = np.array([_small_fraction(change) if change != 1 else 1.0 for change in split])
    wrong = ~(np.isfinite(split) & np.isfinite(price) & (split > 0) & (price >= 1 - _RATIO_ROUNDING))
    issues = [
        DataIssue("error", "impossible_factor", source_of[bars["symbol"].iloc[row]], bars["symbol"].iloc[row],
                  bars["session"].iloc[row].date(), f"split_factor changes by {split[row]:g}, price_factor by "
                  f"{price[row]:g}", "factors must be above 0 and price_factor must not fall; mend the source")
        for row in np.flatnonzero(wrong)
    ]
    issues += [
        DataIssue("warning", "no_actions", source_of[symbol], symbol, None, "raw prices, but no split or price factor",
                  "its splits and dividends are unknown; name a file in data.corporate_actions")
        for symbol in sorted(set(bars["symbol"][unknown]))
    ]
    is_action = ~wrong & ((ratio != 1) | (price > 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        dividend = np.where(price > 1, previous * (1 - 1 / price) / ratio, 0.0)
    actions = bars.loc[is_action, ["symbol", "session"]].rename(columns={"session": "ex_date"})
    actions = actions.assign(split_ratio=ratio[is_action], dividend=dividend[is_action])
    return actions.reset_index(drop=True), issues


def attach_actions(
    bars: pd.DataFrame, actions: pd.DataFrame, source_of: Mapping[str, str]
) -> tuple[pd.DataFrame, list[DataIssue]]:
    """Return the bars with split_ratio and dividend of each session, and an issue for each impossible dividend.

    bars : raw bars sorted by symbol and session. actions : columns symbol, ex_date, split_ratio, dividend.
    An action on a date without a bar counts for the symbol's next bar. Several on one bar are combined: ratios
    multiply, dividends add up in shares after all of them. Nobody held through an action up to the symbol's
    first bar, and nobody can know one after its last: these are left out.
    """
    rows = _rows_hit(bars, actions)
    ratio = rows.groupby("row")["split_ratio"]
    share_growth_after = ratio.transform("prod") / ratio.cumprod()
    dividends = (rows["dividend"] / share_growth_after).groupby(rows["row"]).sum()
    split_ratio, dividend = np.ones(len(bars)), np.zeros(len(bars))
    split_ratio[dividends.index] = ratio.prod()
    dividend[dividends.index] = dividends
    impossible = dividend * split_ratio >= bars["close"].shift(fill_value=np.inf).to_numpy()
    issues = [
        DataIssue("error", "impossible_dividend", source_of[bars["symbol"].iloc[row]], bars["symbol"].iloc[row],
                  bars["session"].iloc[row].date(), f"dividend {dividend[row]:g} per share, the last close was "
                  f"{bars['close'].iloc[row - 1]:g}", "no company pays out its price; check unit and date")
        for row in np.flatnonzero(impossible & (dividend > 0))
    ]
    return bars.assign(split_ratio=split_ratio, dividend=dividend), issues


def scale_by_factor(bars: pd.DataFrame, source_of: Mapping[str, str]) -> tuple[pd.DataFrame, list[DataIssue]]:
    """Return bars whose prices are adjusted, from as-traded prices and the adjustment that stands beside them.

    All four prices are multiplied by adj_close / close or, without that column, by adj_factor or by
    split_factor * price_factor; volume stays as it is. A bar that has no factor gets no prices. What was scaled
    is listed, one issue per symbol. Adjusted prices contain the actions of the future: a past price depends on
    the day of the adjustment, although its returns do not.
    """
    factor = _adjustment(bars)
    if factor is None:
        return bars, []
    differs = np.abs(factor - 1) > 1e-9
    issues = [
        DataIssue("repair", "adjusted", source_of[symbol], symbol, None,
                  f"prices of {count} bars multiplied by the adjustment in the file", "data.prices is adjusted")
        for symbol, count in bars["symbol"][differs].value_counts(sort=False).sort_index().items()
    ]
    return bars.assign(**{name: bars[name] * factor for name in PRICES}), issues


def adjusted_backwards(panel: BarPanel) -> BarPanel:
    """Return the panel in prices adjusted for all its splits and dividends, relative to its last session.

    Prices are multiplied by growth_factor[t] / growth_factor[last], volumes by the shares that one share became.
    """
    growth = panel.growth_factor()
    shares = np.cumprod(panel.split_ratio, axis=0)
    prices = {name: getattr(panel, name) * (growth / growth[-1]) for name in PRICES}
    return replace(panel, **prices, volume=panel.volume * (shares[-1] / shares),
                   split_ratio=np.ones(panel.shape), dividend=np.zeros(panel.shape))


def _rows_hit(bars: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return the actions that hit a bar, in order of effect, with the number of the bar in `row`."""
    numbered = bars[["symbol", "session"]].assign(row=np.arange(len(bars)))
    first = numbered.groupby("symbol")["row"].min()
    # A dividend is in shares after a split of the same date, so that split comes first.
    ordered = actions.assign(is_dividend=actions["dividend"] > 0).sort_values(
        ["ex_date", "is_dividend", "split_ratio", "symbol"], kind="stable")
    hit = pd.merge_asof(ordered, numbered.sort_values("session", kind="stable"), left_on="ex_date",
                        right_on="session", by="symbol", direction="forward").dropna(subset="row")
    return hit[hit["row"] > hit["symbol"].map(first)].astype({"row": int})


def _adjustment(bars: pd.DataFrame) -> np.ndarray | None:
    if "adj_close" in bars:
        close = bars["close"].to_numpy()
        # A close of zero is an error of its own and is reported as such.
        return np.where(close > 0, bars["adj_close"].to_numpy() / np.where(close > 0, close, 1.0), 1.0)
    if "adj_factor" in bars:
        return bars["adj_factor"].to_numpy()
    parts = [bars[name].to_numpy() for name in ("split_factor", "price_factor") if name in bars]
    return np.prod(parts, axis=0) if parts else None


def _has_no_factors(bars: pd.DataFrame) -> np.ndarray:
    """Return whether a bar's symbol has no factor at all; one that is missing among others is a fault instead."""
    names = [name for name in ("split_factor", "price_factor") if name in bars]
    return bars[names].isna().all(axis=1).groupby(bars["symbol"]).transform("all").to_numpy()


def _change(bars: pd.DataFrame, name: str, same: np.ndarray) -> np.ndarray:
    if name not in bars:
        return np.ones(len(bars))
    values = bars[name].to_numpy(dtype=float)
    previous = np.append(np.nan, values[:-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.where(same & (values != previous), values / previous, 1.0)
    return np.where(np.isfinite(values) & (values > 0), change, np.nan)


def _small_fraction(change: float) -> float:
    if not np.isfinite(change):
        return 1.0
    fraction = Fraction(change).limit_denominator(_LARGEST_DENOMINATOR)
    return float(fraction) if fraction and abs(float(fraction) / change - 1) < _RATIO_ROUNDING else change
