"""Figures of a selection against hand arithmetic and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.stats import contingency

from backtrader_system.metrics.conviction.selection_quality import longest_run, selection_quality

#                    selected: 3 won, 2 lost, 1 censored;     not selected: 1 won, 5 lost
WON = np.array([1, 0, 1, 0, 1, np.nan, 1, 0, 0, 0, 0, 0], dtype=float)
IS_SELECTED = np.arange(12) < 6
NET_RETURN = np.array([0.9, -0.03, -0.02, -0.01, 0.5, np.nan, 0.8, -0.1, -0.1, -0.1, -0.1, -0.1])


def test_counts_and_rates_leave_censored_signals_out() -> None:
    found = selection_quality(WON, IS_SELECTED, NET_RETURN)
    values = {name: figure.value for name, figure in found.items()}

    assert (values["n_signals"], values["n_selected"], values["n_resolved"], values["n_censored"]) == (12, 6, 5, 1)
    assert (values["winners"], values["win_rate"], values["precision"]) == (3, 3 / 5, 3 / 5)
    assert values["recall"] == 3 / 4
    assert values["base_rate"] == 4 / 11
    assert values["lift"] == pytest.approx((3 / 5) / (4 / 11))


def test_rates_carry_the_wilson_intervals_of_scipy() -> None:
    found = selection_quality(WON, IS_SELECTED, confidence=0.9)

    for name, wins, n in (("win_rate", 3, 5), ("recall", 3, 4), ("base_rate", 4, 11)):
        expected = stats.binomtest(wins, n).proportion_ci(0.9, method="wilson")
        ends = (found[f"{name}_low"].value, found[f"{name}_high"].value)
        assert ends == pytest.approx((expected.low, expected.high), abs=1e-12), name


def test_money_counts_what_was_earned_not_what_the_label_says() -> None:
    found = selection_quality(WON, IS_SELECTED, NET_RETURN)

    assert found["positive_share"].value == 2 / 5     # three labels won, one of these trades lost money
    assert found["mean_win"].value == pytest.approx((0.9 + 0.5) / 2)
    assert found["mean_loss"].value == pytest.approx((-0.03 - 0.02 - 0.01) / 3)
    assert found["mean_net_return"].value == pytest.approx((0.9 + 0.5 - 0.06) / 5)
    assert found["longest_losing_run"].value == 3


def test_lift_interval_agrees_with_that_of_scipy_in_a_large_sample() -> None:
    rng = np.random.default_rng(1)
    is_selected = np.arange(20_000) < 2_000
    won = (rng.random(20_000) < np.where(is_selected, 0.2, 0.1)).astype(float)
    found = selection_quality(won, is_selected)

    wins, rest = int(won[:2_000].sum()), int(won[2_000:].sum())
    katz = contingency.relative_risk(wins, 2_000, rest, 18_000).confidence_interval(0.95)
    # Lift against all: r / (.1 r + .9).
    assert found["lift_low"].value == pytest.approx(katz.low / (0.1 * katz.low + 0.9), rel=0.005)
    assert found["lift_high"].value == pytest.approx(katz.high / (0.1 * katz.high + 0.9), rel=0.005)


def test_lift_without_a_selected_winner_starts_at_zero() -> None:
    found = selection_quality(np.array([0.0] * 10 + [1.0] * 5 + [0.0] * 25), np.arange(40) < 10)

    assert (found["lift"].value, found["lift_low"].value) == (0.0, 0.0)
    assert found["lift_high"].value > 1


def test_days_to_target_are_those_of_selected_winners() -> None:
    days = np.array([4, np.nan, 8, np.nan, 12, np.nan, 100, *[np.nan] * 5])

    assert selection_quality(WON, IS_SELECTED, days_to_target=days)["days_to_target"].value == 8.0


@pytest.mark.parametrize(("won", "is_selected", "name", "reason"), [
    ([1.0, 0.0], [False, False], "win_rate", "no signal was selected"),
    ([np.nan, 0.0], [True, False], "win_rate", "no selected signal has a known outcome"),
    ([0.0, 0.0], [True, False], "recall", "no signal won"),
    ([0.0, 0.0], [True, False], "lift", "no signal won"),
    ([1.0, 0.0], [True, True], "lift_low", "every signal with a known outcome was selected"),
    ([1.0, 0.0], [True, True], "positive_share", "no trade was simulated"),
    ([1.0, 0.0], [True, True], "days_to_target", "the days to the target were not measured"),
    ([], [], "base_rate", "no signal has a known outcome"),
])
def test_what_cannot_be_computed_says_why(won, is_selected, name, reason) -> None:
    found = selection_quality(np.array(won, dtype=float), np.array(is_selected, dtype=bool))

    assert (found[name].value, found[name].note) == (None, reason)


def test_longest_run_of_nothing_is_zero() -> None:
    assert longest_run(np.zeros(0, dtype=bool)) == 0
    assert longest_run(np.array([True] * 7)) == 7
