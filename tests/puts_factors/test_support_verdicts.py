"""Strength, pattern and break probability of given quantities: worked examples and the owner's stored rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.factors.support import SupportPanel

UNUSED = ("breaks_in_first_half", "mean_drop", "deepest_drop", "median_gap_days", "clusters", "rolling_low")


def panel_of(table: pd.DataFrame) -> SupportPanel:
    """Return a panel of one window and session whose symbols are the rows of the table."""
    shape = (1, 1, len(table))
    given = {name: table[name].to_numpy(dtype=float).reshape(shape) for name in table.columns if name != "bars"}
    bars = table["bars"].to_numpy(dtype=float).reshape(1, -1)
    return SupportPanel(pd.DatetimeIndex(["2026-02-20"]), (365,), bars, bars, **dict.fromkeys(
        UNUSED, np.zeros(shape)), **given)


def one_support(**changes):
    quantities = {"bars": 1000, "total_breaks": 100, "days_since_break": 50, "median_drop": -3.0,
                  "drop_deviation": 2.0, "mean_gap_days": 40.0, "largest_cluster": 10, "current_cluster": 0}
    return panel_of(pd.DataFrame([quantities | changes]))


@pytest.fixture(scope="module")
def stored(data_folder):
    return pd.read_csv(data_folder / "reference" / "putoptions" / "support_level_metrics_sample.csv")


@pytest.fixture(scope="module")
def stored_panel(stored):
    bars = stored.groupby("stock_name").apply(count_of_bars).reindex(stored["stock_name"])
    return panel_of(pd.DataFrame({
        "bars": bars.to_numpy(), "total_breaks": stored["total_breaks"],
        "days_since_break": stored["days_since_last_break"],
        "median_drop": stored["median_drop_per_break_pct"], "drop_deviation": stored["drop_std_dev_pct"],
        "mean_gap_days": stored["avg_days_between_breaks"], "largest_cluster": stored["max_consecutive_breaks"],
        "current_cluster": stored["current_consecutive_breaks"]}))


def count_of_bars(rows: pd.DataFrame) -> int:
    """Return the count of sessions, which the file does not hold: the one that fits all five rows best."""
    counts, breaks = np.arange(100, 2_000)[:, None], rows["total_breaks"].to_numpy()
    of_stability = np.abs(100 * (1 - breaks / counts) - rows["support_stability_pct"].to_numpy()) / 0.005
    of_gap = np.abs(counts / breaks - rows["trading_days_per_break"].to_numpy()) / 0.05
    return int(counts[np.maximum(of_stability, of_gap).max(axis=1).argmin(), 0])


@pytest.mark.real_data
def test_one_count_of_sessions_explains_both_columns(stored, stored_panel):
    np.testing.assert_allclose(stored_panel.stability()[0, 0], stored["support_stability_pct"], rtol=0, atol=0.0051)
    np.testing.assert_allclose(stored_panel.trading_days_per_break()[0, 0], stored["trading_days_per_break"],
                               rtol=0, atol=0.051)


@pytest.mark.real_data
def test_strength_is_that_of_the_stored_rows(stored, stored_panel):
    assert len(stored) == 30
    np.testing.assert_allclose(stored_panel.strength()[0, 0], stored["support_strength_score"], rtol=0, atol=0.02)


@pytest.mark.real_data
def test_pattern_is_that_of_the_stored_rows(stored, stored_panel):
    assert stored_panel.patterns()[0, 0].tolist() == stored["pattern_type"].tolist()


@pytest.mark.real_data
@pytest.mark.parametrize("horizon", [30, 60])
def test_break_probability_is_that_of_the_stored_rows(stored, stored_panel, horizon):
    # The mean gap is stored to 0.05 days, of at least 16 days where the probability hangs on it: 0.3 % of 0.12.
    np.testing.assert_allclose(stored_panel.break_probability(horizon)[0, 0],
                               stored[f"break_probability_{horizon}d"], rtol=0, atol=3e-4)


def test_strength_of_the_worked_example():
    panel = one_support(bars=1555, total_breaks=116, days_since_break=23, drop_deviation=1.75)      # AAK, 30 days

    # 0.3 * 92.54 + 0.25 * 6.30 + 0.25 * 3.67 + 0.2 * 82.5, each rounded as written
    assert panel.strength()[0, 0, 0] == pytest.approx(46.75, abs=0.01)


def test_break_probability_of_the_worked_example():
    panel = one_support(bars=1555, total_breaks=116, days_since_break=23, mean_gap_days=19.0)

    assert panel.break_probability(30)[0, 0, 0] == pytest.approx(0.0746 * (1 + 23 / 19) / 2, abs=1e-5)


def test_days_since_a_break_count_at_most_two_gaps():
    panel = one_support(days_since_break=900, mean_gap_days=40.0)

    assert panel.break_probability(10)[0, 0, 0] == pytest.approx(0.1 * (1 + 2) / 2 * 10 / 40)


def test_single_break_has_no_gap_and_the_unstable_share_as_probability():
    panel = one_support(total_breaks=1, mean_gap_days=np.nan)

    assert panel.break_probability(30)[0, 0, 0] == pytest.approx(1 / 1000)


@pytest.mark.parametrize(("changes", "pattern"), [
    pytest.param({"total_breaks": 5, "current_cluster": 5, "largest_cluster": 5}, "never_breaks", id="stability 99.5"),
    pytest.param({"current_cluster": 8, "median_drop": -1.0}, "exhausted_cascade", id="eight of ten"),
    pytest.param({"current_cluster": 7, "median_drop": -1.99}, "shallow_breaker", id="seven of ten"),
    pytest.param({"total_breaks": 301, "median_drop": -5.01}, "volatile", id="unstable and deep"),
    pytest.param({"bars": 90, "total_breaks": 9, "median_drop": -2.0}, "stable", id="few breaks"),
    pytest.param({"total_breaks": 301, "median_drop": -5.0}, "predictable_cycles", id="unstable, less deep"),
])
def test_first_pattern_whose_rule_holds(changes, pattern):
    assert one_support(**changes).patterns()[0, 0].tolist() == [pattern]


def test_strength_drops_no_further_than_zero_evenness():
    panel = one_support(drop_deviation=12.0, days_since_break=365)

    assert panel.strength()[0, 0, 0] == pytest.approx(0.3 * 90 + 0.25 * 100 + 0.25 * 100 * 10 / 365 + 0)
