"""The panel of bars: alignment, views, total-return factor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtrader_system.market_data.panel import BarPanel, panel_from_table

DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]).as_unit("ns")


def table(closes: dict[str, list[float]], **columns: dict[str, list[float]]) -> pd.DataFrame:
    """Return bars whose four prices are the close; NaN means no bar."""
    parts = []
    for symbol, values in closes.items():
        part = pd.DataFrame({"session": DAYS[:len(values)], "symbol": symbol, "volume": 100.0})
        part = part.assign(**dict.fromkeys(("open", "high", "low", "close"), values))
        part = part.assign(**{name: by_symbol[symbol] for name, by_symbol in columns.items()})
        parts.append(part[part["close"].notna()])
    return pd.concat(parts, ignore_index=True)


def test_bars_are_aligned_and_a_missing_bar_is_nan():
    panel = panel_from_table(table({"B": [1, 2, 3], "A": [np.nan, 5, 6]}))

    assert panel.symbols == ("A", "B")
    assert panel.shape == (3, 2)
    np.testing.assert_array_equal(panel.close, [[np.nan, 1], [5, 2], [6, 3]])
    np.testing.assert_array_equal(panel.has_bar, [[False, True], [True, True], [True, True]])
    assert panel.split_ratio.tolist() == [[1, 1]] * 3
    assert panel.is_member.all()


def test_a_session_without_any_bar_does_not_appear():
    assert panel_from_table(table({"A": [1, np.nan, 3]})).sessions.tolist() == [DAYS[0], DAYS[2]]


def test_periods_include_both_ends_and_symbols_are_sorted():
    panel = panel_from_table(table({"B": [1, 2, 3, 4], "A": [5, 6, 7, 8]}))

    assert panel.between("2024-01-03", "2024-01-04").close.tolist() == [[6, 2], [7, 3]]
    assert panel.between(None, "2024-01-02").sessions.tolist() == [DAYS[0]]
    assert panel.select(["B"]).close.ravel().tolist() == [1, 2, 3, 4]
    assert np.shares_memory(panel.between("2024-01-03").close, panel.close)


def test_the_frame_of_a_symbol_has_only_its_bars():
    frame = panel_from_table(table({"A": [1, np.nan, 3], "B": [4, 5, 6]})).frame("A")

    assert frame["close"].to_dict() == {DAYS[0]: 1.0, DAYS[2]: 3.0}


def test_a_split_and_a_dividend_leave_wealth_where_it_was():
    # 100 -> 2:1 split at 51: one share of 100 became two of 51. Then 1 dollar per share at a close of 50.
    panel = panel_from_table(table({"A": [100, 51, 50, 50]}, split_ratio={"A": [1, 2, 1, 1]},
                                   dividend={"A": [0, 0, 1, 0]}))

    np.testing.assert_allclose(panel.growth_factor().ravel(), [1, 2, 2 * 51 / (51 - 1), 2 * 51 / (51 - 1)])


def test_a_dividend_on_the_day_of_a_split_is_in_new_shares():
    panel = panel_from_table(table({"A": [100, 50]}, split_ratio={"A": [1, 2]}, dividend={"A": [0, 1]}))

    # In new shares the last close was 50, so a dollar is 1 / 50 of it.
    np.testing.assert_allclose(panel.growth_factor().ravel(), [1, 2 * 50 / (50 - 1)])


def test_a_dividend_after_a_gap_counts_from_the_last_close():
    panel = panel_from_table(table({"A": [100, np.nan, 99], "B": [1, 1, 1]}, dividend={"A": [0, 0, 1], "B": [0, 0, 0]}))

    np.testing.assert_allclose(panel.growth_factor()[:, 0], [1, 1, 100 / 99])


@given(st.integers(0, 10_000), st.integers(1, 29))
def test_the_total_return_factor_never_looks_ahead(seed, cut):
    panel = random_panel(seed)
    stream = np.random.default_rng(seed + 1)
    poisoned = {
        name: np.vstack([getattr(panel, name)[:cut], stream.uniform(0.01, 9e9, (30 - cut, 3))])
        for name in ("open", "high", "low", "close", "volume", "split_ratio", "dividend")
    }

    before = panel.growth_factor()[:cut].tobytes()

    assert replace(panel, **poisoned).growth_factor()[:cut].tobytes() == before
    assert panel.take_sessions(slice(0, cut)).growth_factor().tobytes() == before


def test_the_fingerprint_sees_every_array_and_the_axes():
    panel = random_panel(1)
    seen = {panel.fingerprint()}
    for name in ("open", "high", "low", "close", "volume", "split_ratio", "dividend"):
        changed = getattr(panel, name).copy()
        changed[3, 1] += 1e-9
        seen.add(replace(panel, **{name: changed}).fingerprint())
    seen.add(replace(panel, symbols=("A", "B", "D")).fingerprint())
    seen.add(replace(panel, sessions=panel.sessions + pd.Timedelta(days=1)).fingerprint())
    seen.add(replace(panel, is_member=~panel.is_member).fingerprint())

    assert len(seen) == 11
    assert random_panel(1).fingerprint() in seen


def random_panel(seed: int) -> BarPanel:
    stream = np.random.default_rng(seed)
    sessions = pd.bdate_range("2024-01-02", periods=30, unit="ns")
    prices = {name: stream.uniform(1, 100, (30, 3)) for name in ("open", "high", "low", "close", "volume")}
    return BarPanel(
        sessions, ("A", "B", "C"), **prices, split_ratio=stream.choice([1.0, 1.0, 2.0], (30, 3)),
        dividend=stream.choice([0.0, 0.0, 0.5], (30, 3)), is_member=np.ones((30, 3), dtype=bool))


def test_an_unknown_symbol_is_an_error():
    with pytest.raises(ValueError, match="not in tuple"):
        panel_from_table(table({"A": [1]})).frame("Z")
