"""Whether bars and signals given to an engine can be traded at all; every fault before the first bar.

The main job's data have passed the quality gate of `market_data`. These checks guard callers who build panels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.impossible import ROUNDING
from backtrader_system.market_data.panel import PRICES, BarPanel

if TYPE_CHECKING:
    from backtrader_system.settings.settings import Settings
    from backtrader_system.signals.scored import ScoredPanel

BAR = (*PRICES, "volume")
KNOWN = ("atr", "daily_volatility", "average_volume", "size_factor")
NO_BAR = "no symbol has a bar in the period of the backtest; nothing can be traded"
MOST_FAULTS, MOST_OF_A_KIND = 20, 5


def check_panel(
    bars: BarPanel, scored: ScoredPanel | None = None, known: Mapping[str, np.ndarray] | None = None
) -> None:
    """Return nothing if `bars`, `scored` and `known` can be traded.

    A bar is all five of open, high, low, close and volume, or none of them (five NaN: not listed, halted, delisted).
    scored, known : as `run_backtest` takes them; on the axes of `bars`.

    Raises
    ------
    DataError
        With all faults, at most 20 of them in words: what, symbol, session, what was found, what to do. Bars whose
        shape differs from the axes are not looked into.

    Examples
    --------
    >>> from backtrader_system.market_data.panel import panel_from_table
    >>> day = pd.Timestamp("2024-01-02")
    >>> bar = {"session": day, "symbol": "A", "open": 10.0, "high": 9.0, "low": 9.5, "close": 9.0, "volume": 100.0}
    >>> check_panel(panel_from_table(pd.DataFrame([bar])))
    Traceback (most recent call last):
    backtrader_system.errors.DataError: the panel cannot be traded
      A 2024-01-02: high 9 lies below low 9.5; mend the bar, or take it out (NaN in all five)
    """
    _check_types(bars, scored)
    kinds = [*_axis_faults(bars), *_shape_faults(bars, scored, known)]
    if not kinds:
        kinds = [*_bar_faults(bars), *_action_faults(bars), *_score_faults(bars, scored), *_known_faults(bars, known)]
    if kinds == [_Kind((NO_BAR,))]:
        raise DataError(NO_BAR)
    if kinds:
        # The first faults of every kind, so that one frequent kind hides no other.
        shown = [text for kind in kinds for text in kind.texts][:MOST_FAULTS]
        n_left = sum(len(kind.texts) + kind.n_more for kind in kinds) - len(shown)
        rest = [f"... and {n_left:,} more"] if n_left else []
        raise DataError("the panel cannot be traded", faults=[*shown, *rest])


def _check_types(bars: Any, scored: Any) -> None:
    """Raise DataError for something that has none of a panel's attributes, such as a table."""
    from backtrader_system.signals.scored import ScoredPanel

    faults = []
    if not isinstance(bars, BarPanel):
        faults.append(f"bars must be a BarPanel, such as panel_from_table(table) makes; found {type(bars).__name__}")
    if scored is not None and not isinstance(scored, ScoredPanel):
        faults.append("scored must be a ScoredPanel, such as score_market(...).scored, or None; "
                      f"found {type(scored).__name__}")
    if faults:
        raise DataError("the panel cannot be traded", faults=faults)


@dataclass(frozen=True, slots=True)
class _Kind:
    """The first faults of one kind in words, and how many more there are."""

    texts: tuple[str, ...]
    n_more: int = 0


def _some(faults: list[Any], text: Callable[..., str]) -> Iterator[_Kind]:
    if faults:
        yield _Kind(tuple(text(*fault) for fault in faults[:MOST_OF_A_KIND]), max(len(faults) - MOST_OF_A_KIND, 0))


# -- axes and shapes ------------------------------------------------------------------------------------------------


def _axis_faults(bars: BarPanel) -> Iterator[_Kind]:
    if not len(bars.symbols):
        yield _Kind(("the panel has no symbol; give at least one",))
    if not len(bars.sessions):
        yield _Kind(("the panel has no session; give at least one",))
    if isinstance(bars.sessions, pd.DatetimeIndex):
        yield from _session_faults(bars.sessions)
    else:
        yield _Kind((f"sessions must be a DatetimeIndex; found {type(bars.sessions).__name__}",))
    yield from _some([pair for pair in pairwise(bars.symbols) if pair[0] >= pair[1]], lambda before, after: (
        f"symbol {after} " + ("is given twice" if before == after else f"comes after {before}")
        + "; symbols must be unique and sorted by name, for the order breaks ties"))


def _session_faults(sessions: pd.DatetimeIndex) -> Iterator[_Kind]:
    if sessions.hasnans:
        yield _Kind(("sessions hold a missing date (NaT); every session needs its date",))
    elif sessions.tz is not None:
        yield _Kind((f"sessions have the time zone {sessions.tz}; give the exchange's dates without one",))
    else:
        yield from _some([(session,) for session in sessions[sessions != sessions.normalize()]], lambda session: (
            f"session {session} has a time of day; sessions are dates, one bar a day"))
        wrong = np.flatnonzero(sessions[1:] <= sessions[:-1]) + 1
        yield from _some([(sessions[row - 1], sessions[row]) for row in wrong], lambda before, after: (
            f"session {after:%Y-%m-%d} "
            + ("is given twice; keep one of its rows" if after == before
               else f"comes after {before:%Y-%m-%d}; sort the sessions")))


def _shape_faults(
    bars: BarPanel, scored: ScoredPanel | None, known: Mapping[str, np.ndarray] | None
) -> Iterator[_Kind]:
    shape = len(bars.sessions), len(bars.symbols)
    arrays: dict[str, Any] = {name: getattr(bars, name) for name in _array_names(bars)}
    if scored is not None:
        if tuple(scored.symbols) != tuple(bars.symbols):
            yield _Kind(("scored has other symbols than the bars: "
                         f"{_first_difference(scored.symbols, bars.symbols)}; score the same panel",))
        if not scored.sessions.equals(bars.sessions):
            yield _Kind(("scored has other sessions than the bars: "
                         f"{_first_difference(scored.sessions, bars.sessions)}; score the same calendar, and cut "
                         "both with `between`",))
        arrays |= {f"scored.{name}": getattr(scored, name) for name in _array_names(scored)}
    arrays |= {f"known[{name!r}]": values for name, values in (known or {}).items()}
    wrong = [(name, np.shape(values)) for name, values in arrays.items() if np.shape(values) != shape]
    yield from _some(wrong, lambda name, found: (
        f"{name} has shape {found}; {shape[0]:,} sessions x {shape[1]:,} symbols need {shape}"))


def _array_names(panel: Any) -> list[str]:
    return [field.name for field in fields(panel) if field.name not in ("sessions", "symbols", "known_at")]


def _first_difference(found: Any, expected: Any) -> str:
    if len(found) != len(expected):
        return f"{len(found):,} and not {len(expected):,}"
    number = next((n for n, (one, other) in enumerate(zip(found, expected, strict=True)) if one != other), None)
    if number is None:
        return "the same values of another type"
    return f"number {number + 1} is {_shown(found[number])} and not {_shown(expected[number])}"


def _shown(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) and not pd.isna(value) else str(value)


# -- bars -----------------------------------------------------------------------------------------------------------


def _bar_faults(bars: BarPanel) -> Iterator[_Kind]:
    """One pass over whole arrays parts good bars and empty cells from the rest; only the rest is looked into."""
    arrays = [getattr(bars, name) for name in BAR]
    is_in_doubt = ~_is_sound(*arrays)
    if is_in_doubt.any():
        is_empty = np.isnan(arrays[0])
        for values in arrays[1:]:
            is_empty &= np.isnan(values)
        if is_empty.all():
            yield _Kind((NO_BAR,))
            return
        is_in_doubt &= ~is_empty
        rows, columns = np.nonzero(is_in_doubt)
        yield from _faults_of_cells(bars, rows, columns, {
            name: values[rows, columns] for name, values in zip(BAR, arrays, strict=True)})


def _is_sound(
    opens: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray
) -> np.ndarray:
    """Return where a bar is beyond doubt; a comparison with NaN is false."""
    is_sound = low > 0
    for smaller, larger in ((low, opens), (low, close), (opens, high), (close, high)):
        is_sound &= smaller <= larger
    is_sound &= high < np.inf
    is_sound &= volume >= 0
    is_sound &= volume < np.inf
    return is_sound


def _faults_of_cells(
    bars: BarPanel, rows: np.ndarray, columns: np.ndarray, cells: dict[str, np.ndarray]
) -> Iterator[_Kind]:
    """Name one fault of each cell, the gravest; bars that only rounding puts in doubt have none."""
    table = np.column_stack(list(cells.values()))
    opens, high, low, close, volume = cells.values()
    rules: tuple[tuple[np.ndarray, Callable[[dict[str, float]], str]], ...] = (
        (np.isnan(table).any(axis=1), _missing_text),
        (np.isinf(table).any(axis=1), _infinite_text),
        ((table[:, :4] <= 0).any(axis=1), lambda bar: f"{_prices(bar)}; prices must be above 0"),
        (volume < 0, lambda bar: f"volume is {bar['volume']:g}, must not be negative"),
        (high < low * (1 - ROUNDING), lambda bar: f"high {bar['high']:g} lies below low {bar['low']:g}"),
        ((np.maximum(opens, close) > high * (1 + ROUNDING)) | (np.minimum(opens, close) < low * (1 - ROUNDING)),
         lambda bar: f"open or close lies outside low to high: {_prices(bar)}"),
    )
    is_named = np.zeros(len(rows), dtype=bool)
    for is_wrong, text in rules:
        found = np.flatnonzero(is_wrong & ~is_named)
        is_named |= is_wrong
        faults = [(n,) for n in found]
        yield from _some(faults, lambda n, text=text: (
            f"{_place(bars, rows[n], columns[n])}: {text({name: float(cells[name][n]) for name in BAR})}; "
            "mend the bar, or take it out (NaN in all five)"))


def _missing_text(bar: dict[str, float]) -> str:
    missing = [name for name in BAR if np.isnan(bar[name])]
    return f"{', '.join(missing)} missing (NaN) and the rest of the bar given"


def _infinite_text(bar: dict[str, float]) -> str:
    return ", ".join(f"{name} is {bar[name]}" for name in BAR if np.isinf(bar[name]))


def _prices(bar: dict[str, float]) -> str:
    return " ".join(f"{name} {bar[name]:g}" for name in PRICES)


# -- what comes with the bars ---------------------------------------------------------------------------------------


def _action_faults(bars: BarPanel) -> Iterator[_Kind]:
    ratio, dividend = bars.split_ratio, bars.dividend
    yield from _cells(bars, ~((ratio > 0) & (ratio < np.inf)), lambda at: (
        f"split_ratio is {ratio[at]:g}; give shares after per share before, 1 for no split"))
    yield from _cells(bars, ~((dividend >= 0) & (dividend < np.inf)), lambda at: (
        f"dividend is {dividend[at]:g}; give dollars per share, 0 for none"))
    is_lost = ((ratio != 1) | (dividend != 0)) & np.isnan(bars.close)
    yield from _cells(bars, is_lost, lambda at: (
        f"split_ratio {ratio[at]:g} and dividend {dividend[at]:g} in a session without a bar, where nothing can act on "
        "them; move them to the symbol's next bar"))


def _score_faults(bars: BarPanel, scored: ScoredPanel | None) -> Iterator[_Kind]:
    if scored is None:
        return
    direction, score = scored.direction, scored.score
    is_hold = direction == 0
    yield from _cells(bars, ~(is_hold | (direction == 1) | (direction == -1)), lambda at: (
        f"direction is {direction[at]:g}; must be 1 (buy), -1 (sell) or 0 (hold)"))
    yield from _cells(bars, ~(is_hold | ((score >= 0) & (score <= 1))), lambda at: (
        f"score is {score[at]:g} beside direction {direction[at]:g}; must lie in 0 to 1, or the direction be 0"))


def check_known(settings: Settings, known: Mapping[str, np.ndarray] | None) -> None:
    """Raise DataError for lines that no engine reads, and where an exit in multiples of ATR has no ATR."""
    given, exits = known or {}, settings.strategy.exits
    faults = [f"known has no line '{name}'; it may hold {', '.join(KNOWN)}" for name in given if name not in KNOWN]
    in_atr = [name for name in ("stop_loss_atr", "take_profit_atr", "trailing_stop_atr") if getattr(exits, name)]
    if in_atr and "atr" not in given:
        faults.append(f"strategy.exits.{in_atr[0]} is set and known['atr'] is not given: there would be no such exit")
    if faults:
        raise DataError("known does not fit", faults=faults)


def _known_faults(bars: BarPanel, known: Mapping[str, np.ndarray] | None) -> Iterator[_Kind]:
    for name, values in (known or {}).items():
        yield from _cells(bars, np.isinf(values), lambda at, name=name, values=values: (
            f"{name} is {values[at]:g}; give a finite number, or NaN where it is not known"))
        is_factor = name == "size_factor"
        yield from _cells(bars, values <= 0 if is_factor else values < 0, lambda at, name=name, values=values: (
            f"{name} is {values[at]:g}; must " + (
                "be above 0, 1 for the usual size" if name == "size_factor" else "not be below 0")))


def _cells(bars: BarPanel, is_wrong: np.ndarray, text: Callable[[tuple[int, int]], str]) -> Iterator[_Kind]:
    if is_wrong.any():
        faults = list(zip(*np.nonzero(is_wrong), strict=True))
        yield from _some(faults, lambda row, column: f"{_place(bars, row, column)}: {text((row, column))}")


def _place(bars: BarPanel, row: int, column: int) -> str:
    return f"{bars.symbols[column]} {bars.sessions[row]:%Y-%m-%d}"
