"""The conclusion answers four questions and never claims more than the intervals hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.metrics.conviction.conclusion import Basis, conclusion_sentences

ROW = {
    "scenario": "top_decile", "group": "top_decile", "n_signals": 500, "n_selected": 50, "n_resolved": 48,
    "winners": 12, "win_rate": 0.25, "win_rate_low": 0.149, "win_rate_high": 0.388, "mean_net_return": 0.02,
    "trades": 45, "net_pnl": 12_345.0, "return_on_stakes": 0.055, "total_return": 0.12, "max_drawdown": 0.11,
    "sharpe": 1.0, "sharpe_low": -0.3, "sharpe_high": 2.4,
}


def scenarios(*changes: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([ROW | change for change in changes])


def thresholds(*intervals: tuple[float, float, float]) -> pd.DataFrame:
    return scenarios(*[
        {"scenario": f"threshold_{7 + i}", "group": "thresholds", "mean_net_return": gain, "win_rate_low": low,
         "win_rate_high": high} for i, (gain, low, high) in enumerate(intervals)])


def answer(table: pd.DataFrame, number: int, **basis: object) -> str:
    return conclusion_sentences(table, "The comparison.", None, Basis(**basis))[number]


def test_money_made_with_zero_inside_the_interval_is_not_enough_evidence() -> None:
    assert answer(scenarios({}), 0, break_even_hit_rate=0.031, zero_skill_hit_rate=0.0196) == (
        "Would the top 10 % have made money? In this sample they made 12,345 dollars (+5.5% of the stakes) in 45 "
        "closed trades; 12 of 48 signals won, 25.0% (14.9% to 38.8%) (stop against target: 2.0% without any skill, "
        "3.1% to break even). Not enough evidence that this was more than luck: the 95% interval of the Sharpe ratio, "
        "-0.30 to 2.40, holds zero.")


@pytest.mark.parametrize(("low", "high", "words"), [
    (0.2, 2.0, "Evidence of a gain within this sample"), (-2.0, -0.1, "Evidence of a loss"),
    (np.nan, np.nan, "the Sharpe ratio has no interval"),
])
def test_words_follow_the_interval_of_the_sharpe_ratio(low: float, high: float, words: str) -> None:
    assert words in answer(scenarios({"sharpe_low": low, "sharpe_high": high}), 0)


def test_no_trade_is_no_answer() -> None:
    assert "none became a closed trade" in answer(scenarios({"trades": 0}), 0)


def test_overlapping_thresholds_are_not_told_apart() -> None:
    overlap = thresholds((0.01, 0.1, 0.3), (0.03, 0.2, 0.4), (0.02, 0.1, 0.5))
    apart = thresholds((0.01, 0.10, 0.15), (0.03, 0.20, 0.40), (0.02, 0.12, 0.18))

    assert "threshold 8 earned most per signal, but the intervals of the win rates overlap" in answer(overlap, 2)
    assert "threshold 8 earned most per signal and its win rate lies above" in answer(apart, 2)


def test_thresholds_with_few_outcomes_are_not_compared() -> None:
    table = thresholds((0.01, 0.1, 0.3), (0.03, 0.4, 0.5)).assign(n_resolved=[48, 12])

    assert "fewer than two thresholds have 30 known outcomes" in answer(table, 2)


def test_a_higher_mean_of_few_outcomes_is_named_and_not_passed_over() -> None:
    table = thresholds((0.01, 0.1, 0.3), (0.03, 0.2, 0.4), (0.05, 0.1, 0.9)).assign(n_resolved=[48, 48, 12])

    assert ("threshold 9 earned most per signal, but on 12 known outcomes only; of those with 30 or more, threshold 8 "
            "earned most, but the intervals of the win rates overlap") in answer(table, 2)


def sizings(**changes: dict[str, object]) -> pd.DataFrame:
    return scenarios(*[{"scenario": name, "group": "sizing"} | change for name, change in changes.items()])


def test_sizings_with_the_trades_of_the_fixed_size_are_not_tested() -> None:
    found = answer(sizings(fixed_size={"trades": 18}, double_size={"trades": 18},
                           kelly_at_risk={"trades": 18, "sharpe": 1.0000001}), 3)

    assert found.endswith(
        "18 trades. fixed size: not tested, 18 trades, 30 are needed. double size: not tested, its 18 trades are the "
        "fixed ones, none was larger. kelly at risk: not tested, its 18 trades are the fixed ones. Nothing could be "
        "told apart: not enough evidence to leave the fixed size.")
    assert "highest Sharpe" not in found


def test_the_only_sizing_that_was_tested_wins_nothing() -> None:
    found = answer(sizings(fixed_size={"sharpe_low": 0.5}, double_size={}), 3)

    assert found.endswith(
        "double size: not tested, its 45 trades are the fixed ones, none was larger. Nothing could be told apart: not "
        "enough evidence to leave the fixed size.")


def test_a_sizing_of_few_trades_wins_nothing() -> None:
    found = answer(sizings(
        fixed_size={}, double_size={"net_pnl": 20_000.0, "sharpe": 1.2},
        kelly_growth={"trades": 29, "sharpe": 9.0, "sharpe_low": 8.0, "sharpe_high": 10.0}), 3)

    assert "kelly growth: not tested, 29 trades, 30 are needed." in found
    assert "double size has the highest Sharpe ratio of those tested, but it does not lie above" in found


def test_a_sizing_above_the_others_intervals_is_named() -> None:
    clear = {"net_pnl": 20_000.0, "sharpe": 4.0, "sharpe_low": 3.0, "sharpe_high": 5.0}

    assert "double size has the best risk-adjusted result of this sample, above" in answer(
        sizings(fixed_size={}, double_size=clear), 3)


def test_sizing_stays_fixed_where_intervals_overlap() -> None:
    table = scenarios({"scenario": "fixed_size", "group": "sizing"},
                      {"scenario": "kelly_at_risk", "group": "sizing", "sharpe": 1.3, "net_pnl": 15_000.0})

    assert answer(table, 3).endswith(
        "kelly at risk has the highest Sharpe ratio of this sample, but it does not lie above the others' intervals: "
        "not enough evidence to leave the fixed size.")


def test_scenarios_not_run_are_said_not_to_be_examined() -> None:
    found = conclusion_sentences(scenarios({}).iloc[:0], None, None, Basis())

    assert [sentence.split("? ")[1] for sentence in found[:4]] == ["Not examined in this run."] * 4


def test_limits_of_the_run_are_named() -> None:
    found = " ".join(conclusion_sentences(scenarios({}), None, None, Basis(
        is_simulated=True, looks_ahead=True, cold_start_share=0.25, in_sample_signals=40)))

    for words in ("signals are simulated", "picked from the whole sample", "25% of the scores",
                  "40 signals that the model may have learned from are left out", "This is one history"):
        assert words in found


def test_no_conclusion_claims_readiness() -> None:
    best = scenarios({"sharpe_low": 2.0, "win_rate_low": 0.9}, {"scenario": "fixed_size", "group": "sizing"})
    text = " ".join(conclusion_sentences(best, "ML won.", "Rises.", Basis())).lower()

    assert "ready" not in text
    assert "deploy" not in text
