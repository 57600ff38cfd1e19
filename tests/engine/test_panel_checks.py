"""Panels that cannot be traded are refused before the first bar, with every fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from backtrader_system.engine.backtest import run_backtest
from backtrader_system.engine.kernel.run import run_kernel
from backtrader_system.engine.panel_checks import check_known, check_panel
from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.scored import ScoredPanel

SESSIONS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"])
SHAPE = (3, 2)
BAR = ("open", "high", "low", "close", "volume")
ARRAYS = (*BAR, "split_ratio", "dividend", "is_member")


def panel(**changed) -> BarPanel:
    """Return two symbols over three sessions, opens 10, highs 12, lows 9, closes 11, with arrays replaced."""
    prices = {name: np.full(SHAPE, value) for name, value in {"open": 10, "high": 12, "low": 9, "close": 11}.items()}
    arrays = {name: values.astype(float) for name, values in prices.items()}
    return replace(BarPanel(SESSIONS, ("A", "B"), **arrays, volume=np.full(SHAPE, 100.0), split_ratio=np.ones(SHAPE),
                            dividend=np.zeros(SHAPE), is_member=np.ones(SHAPE, dtype=bool)), **changed)


def scores(sessions=SESSIONS, symbols=("A", "B"), direction=1, score=0.5) -> ScoredPanel:
    shape = len(sessions), len(symbols)
    filled = np.full(shape, 0.5)
    return ScoredPanel(sessions, symbols, np.full(shape, direction, dtype="int8"), np.full(shape, score), filled,
                       filled, filled, filled > 1, pd.DatetimeIndex(SESSIONS[:len(sessions)], tz="UTC"))


def with_cells(name: str, **cells) -> BarPanel:
    """Return the panel with cells of one array changed, each given as r<row>c<column>=value."""
    bars = panel()
    for place, value in cells.items():
        getattr(bars, name)[int(place[1]), int(place[3])] = value
    return bars


def faults_of(*arguments) -> list[str]:
    with pytest.raises(DataError) as caught:
        check_panel(*arguments)
    return list(caught.value.faults) or [str(caught.value)]


def test_sound_panel_passes_with_holes_scores_and_further_lines():
    bars = panel()
    for name in BAR:
        getattr(bars, name)[1, 0] = np.nan
    check_panel(bars, scores(), {"atr": np.full(SHAPE, np.nan)})


@pytest.mark.parametrize("run", [run_backtest, run_kernel])
def test_table_in_place_of_a_panel_is_named(run):
    with pytest.raises(DataError, match=r"bars must be a BarPanel, such as panel_from_table.*; found DataFrame"):
        run(pd.DataFrame({"close": [1.0]}), None, Settings())
    with pytest.raises(DataError, match=r"scored must be a ScoredPanel, .*; found DataFrame"):
        run(panel(), pd.DataFrame({"direction": [1.0]}), Settings())


@pytest.mark.parametrize(("value", "fault"), [
    (0.0, "A 2024-01-03: size_factor is 0; must be above 0, 1 for the usual size"),
    (-1.0, "A 2024-01-03: size_factor is -1; must be above 0, 1 for the usual size"),
    (np.inf, "A 2024-01-03: size_factor is inf; give a finite number, or NaN where it is not known"),
])
def test_size_factor_must_be_positive_where_given(value, fault):
    factor = np.full(SHAPE, np.nan)
    check_known(Settings(), {"size_factor": factor})
    factor[1, 0] = value
    assert faults_of(panel(), scores(), {"size_factor": factor}) == [fault]


def test_prices_that_differ_by_rounding_pass():
    check_panel(with_cells("close", r0c0=12 * (1 + 5e-7)))


@pytest.mark.parametrize(("bars", "what"), [
    pytest.param(panel(symbols=(), **dict.fromkeys(ARRAYS, np.empty((3, 0)))), "has no symbol", id="no symbol"),
    pytest.param(panel(sessions=SESSIONS[:0], **dict.fromkeys(ARRAYS, np.empty((0, 2)))), "has no session",
                 id="no session"),
    pytest.param(panel(sessions=SESSIONS[[0, 2, 1]]), "session 2024-01-03 comes after 2024-01-04", id="unsorted"),
    pytest.param(panel(sessions=SESSIONS[[0, 1, 1]]), "session 2024-01-03 is given twice", id="session twice"),
    pytest.param(panel(sessions=SESSIONS.tz_localize("UTC")), "time zone UTC", id="time zone"),
    pytest.param(panel(sessions=SESSIONS[:2].append(SESSIONS[2:] + pd.Timedelta(hours=9))),
                 "2024-01-04 09:00:00 has a time of day", id="time of day"),
    pytest.param(panel(sessions=pd.DatetimeIndex([*SESSIONS[:2], pd.NaT])), "missing date", id="missing date"),
    pytest.param(panel(sessions=list(SESSIONS)), "must be a DatetimeIndex; found list", id="a list"),
    pytest.param(panel(symbols=("B", "A")), "symbol A comes after B", id="unsorted symbols"),
    pytest.param(panel(symbols=("A", "A")), "symbol A is given twice", id="symbol twice"),
    pytest.param(panel(volume=np.ones((2, 2))), r"volume has shape (2, 2); 3 sessions x 2 symbols", id="shape"),
    pytest.param(with_cells("high", r1c0=np.nan), "A 2024-01-03: high missing (NaN)", id="half a bar"),
    pytest.param(with_cells("close", r1c1=np.nan), "B 2024-01-03: close missing (NaN)", id="no close"),
    pytest.param(with_cells("high", r2c1=np.inf), "B 2024-01-04: high is inf", id="infinite price"),
    pytest.param(with_cells("volume", r2c1=np.inf), "B 2024-01-04: volume is inf", id="infinite volume"),
    pytest.param(with_cells("low", r0c0=0.0), "A 2024-01-02: open 10 high 12 low 0 close 11; prices must", id="zero"),
    pytest.param(with_cells("volume", r0c0=-1.0), "A 2024-01-02: volume is -1", id="negative volume"),
    pytest.param(with_cells("high", r0c1=8.0), "B 2024-01-02: high 8 lies below low 9", id="high below low"),
    pytest.param(with_cells("close", r0c1=12.1), "B 2024-01-02: open or close lies outside low to high: open 10 high "
                 "12 low 9 close 12.1", id="close above high"),
    pytest.param(with_cells("open", r0c1=8.9), "open or close lies outside", id="open below low"),
    pytest.param(with_cells("split_ratio", r1c0=0.0), "A 2024-01-03: split_ratio is 0", id="split ratio 0"),
    pytest.param(with_cells("split_ratio", r1c0=np.nan), "A 2024-01-03: split_ratio is nan", id="split ratio NaN"),
    pytest.param(with_cells("split_ratio", r1c0=np.inf), "A 2024-01-03: split_ratio is inf", id="split ratio inf"),
    pytest.param(with_cells("dividend", r1c0=-0.5), "A 2024-01-03: dividend is -0.5", id="negative dividend"),
    pytest.param(with_cells("dividend", r1c0=np.nan), "A 2024-01-03: dividend is nan", id="dividend NaN"),
])
def test_impossible_bars_are_refused(bars, what):
    faults = faults_of(bars)
    assert len(faults) == 1
    assert what in faults[0]


def test_panel_without_any_bar_is_refused_with_one_sentence():
    bars = panel(**dict.fromkeys(BAR, np.full(SHAPE, np.nan)))
    assert faults_of(bars) == ["no symbol has a bar in the period of the backtest; nothing can be traded"]


@pytest.mark.parametrize(("scored", "what"), [
    pytest.param(scores(sessions=SESSIONS[:2]), "scored has other sessions than the bars: 2 and not 3", id="fewer"),
    pytest.param(scores(sessions=SESSIONS + pd.Timedelta(days=1)),
                 "scored has other sessions than the bars: number 1 is 2024-01-03 and not 2024-01-02", id="other day"),
    pytest.param(scores(symbols=("A", "C")), "scored has other symbols than the bars: number 2 is C and not B",
                 id="another symbol"),
    pytest.param(scores(score=np.nan), "A 2024-01-02: score is nan beside direction 1", id="score NaN"),
    pytest.param(scores(score=1.5), "A 2024-01-02: score is 1.5 beside direction 1", id="score above 1"),
    pytest.param(scores(direction=2), "A 2024-01-02: direction is 2; must be 1 (buy), -1 (sell)", id="direction 2"),
])
def test_scores_that_do_not_fit_are_refused(scored, what):
    assert what in faults_of(panel(), scored)[0]


def test_holds_need_no_score():
    check_panel(panel(), scores(direction=0, score=np.nan))


def test_further_lines_must_have_the_shape_of_the_panel_and_be_finite():
    assert "known['atr'] has shape (3,)" in faults_of(panel(), None, {"atr": np.ones(3)})[0]
    assert "A 2024-01-02: atr is inf" in faults_of(panel(), None, {"atr": np.full(SHAPE, np.inf)})[0]


def test_faults_of_every_kind_are_told_at_once_and_the_rest_counted():
    bars = panel(volume=np.full(SHAPE, -1.0), dividend=np.full(SHAPE, -2.0))
    faults = faults_of(bars, scores(direction=3))
    assert [sum(word in fault for fault in faults) for word in ("volume is", "dividend is", "direction is")] == [5] * 3
    assert faults[-1] == f"... and {3 * 6 - 3 * 5} more"


def test_at_most_twenty_faults_are_listed():
    bars = panel(volume=np.full(SHAPE, -1.0), dividend=np.full(SHAPE, -2.0), split_ratio=np.zeros(SHAPE))
    faults = faults_of(bars, scores(direction=3), {"atr": np.full(SHAPE, np.inf)})
    assert len(faults) == 21
    assert faults[-1] == f"... and {5 * 6 - 20} more"


def test_action_without_a_bar_is_refused():
    hole = dict.fromkeys(BAR, np.array([[10.0, 10.0], [np.nan, 10.0], [10.0, 10.0]]))
    split = np.ones(SHAPE)
    split[1, 0] = 2.0
    assert "A 2024-01-03: split_ratio 2 and dividend 0 in a session without a bar" in faults_of(
        panel(**hole, split_ratio=split))[0]


def test_further_lines_must_not_be_negative():
    assert "A 2024-01-02: daily_volatility is -0.1; must not be below 0" in faults_of(
        panel(), None, {"daily_volatility": np.full(SHAPE, -0.1)})[0]
