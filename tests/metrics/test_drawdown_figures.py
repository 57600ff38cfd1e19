"""Drawdown depth, length and recovery on a written-out curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtrader_system.metrics.drawdown import drawdown_episodes, drawdown_figures, drawdown_series

DAYS = pd.bdate_range("2024-01-01", periods=9)        # Monday the 1st to Thursday the 11th


def figures_of(levels: list[float], capital: float = 100.0) -> dict[str, object]:
    equity = pd.Series(levels, index=DAYS[:len(levels)], dtype=float)
    return {name: figure.value for name, figure in drawdown_figures(drawdown_series(equity, capital)).items()}


def test_curve_with_two_drawdowns() -> None:
    # Peak 110 on the 2nd, trough 88 on the 4th, back on the 8th; then 115 -> 92 on the 10th, still open.
    found = figures_of([100, 110, 99, 88, 104.5, 110, 115, 92, 103.5])

    assert found["max_drawdown"] == pytest.approx(0.20)
    assert found["drawdown_episodes"] == 2
    assert found["average_drawdown"] == pytest.approx((0.10 + 0.20 + 0.05 + 0.20 + 0.10) / 9)
    assert found["average_drawdown_episode"] == pytest.approx((0.20 + 0.20) / 2)
    assert found["longest_drawdown_sessions"] == 3
    assert found["max_drawdown_peak_session"] == "2024-01-02"
    assert found["max_drawdown_trough_session"] == "2024-01-04"
    assert found["max_drawdown_recovery_session"] == "2024-01-08"
    assert found["max_drawdown_sessions_to_trough"] == 2
    assert found["max_drawdown_sessions_to_recovery"] == 4


def test_drawdown_that_has_not_recovered_is_open() -> None:
    equity = pd.Series([100.0, 120.0, 90.0, 96.0], index=DAYS[:4])

    figures = drawdown_figures(drawdown_series(equity, 100.0))

    assert figures["max_drawdown"].value == pytest.approx(0.25)
    assert figures["max_drawdown_recovery_session"].value == "open"
    assert figures["max_drawdown_sessions_to_recovery"].value is None
    assert figures["max_drawdown_sessions_to_recovery"].note == (
        "open: not recovered after 2 sessions below the peak")
    assert figures["longest_drawdown_sessions"].note == "still open: at least this long"


def test_loss_of_the_first_session_is_a_drawdown_from_the_initial_capital() -> None:
    found = figures_of([90.0, 95.0, 101.0])

    assert found["max_drawdown"] == pytest.approx(0.10)
    assert found["max_drawdown_peak_session"] == "before the first session"
    assert found["max_drawdown_recovery_session"] == "2024-01-03"


def test_curve_that_only_rises_has_no_drawdown() -> None:
    figures = drawdown_figures(drawdown_series(pd.Series([101.0, 102.0], index=DAYS[:2]), 100.0))

    assert figures["max_drawdown"].value == 0.0
    assert figures["average_drawdown_episode"].note == "no drawdown"


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=40), st.floats(1, 1e6))
def test_episodes_cover_exactly_the_sessions_below_a_peak(levels: list[float], capital: float) -> None:
    equity = pd.Series(levels, index=pd.bdate_range("2020-01-01", periods=len(levels)))

    drawdown = drawdown_series(equity, capital)
    episodes = drawdown_episodes(drawdown)

    assert drawdown.between(-1, 0).all()
    assert episodes["sessions"].sum() == (drawdown < 0).sum()
    assert np.isclose(episodes["depth"].max() if len(episodes) else 0.0, -drawdown.min())
