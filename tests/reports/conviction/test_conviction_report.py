"""report.md of a conviction run: the template, with everything said that a reader must know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtrader_system.reports.load_run import load_run
from backtrader_system.reports.report_markdown import report_text
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_folder import open_run_folder
from backtrader_system.reports.write_run import write_run

TITLES = ("Summary", "Performance", "Trades", "Conviction calibration", "ML vs baseline", "Scenarios", "Walk-forward",
          "Ablation: which features matter", "Features in winners and losers", "Flags", "Conclusion",
          "Excluded signals", "Assumptions", "Data", "Settings that differ from the defaults", "Files")


def report(result: RunResult, files: Sequence[str] = ()) -> str:
    return report_text(result, files=files)


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def store(result: RunResult, results: Path) -> RunResult:
    with open_run_folder(results, result.name, clock=lambda: datetime(2024, 1, 2, 3, 4, 5)) as folder:
        return write_run(result, folder.path, folder.timestamp)


def refuse(constant: str) -> None:
    raise ValueError(f"not strict JSON: {constant}")


def test_it_has_the_sections_of_the_template_in_order(random_result):
    text = report(random_result())

    places = [text.index(f"\n## {title}\n") for title in TITLES]
    assert places == sorted(places)
    assert "nan" not in text.lower().replace("finance", "")


def test_the_summary_says_what_was_run(arithmetic_result):
    text = section(report(arithmetic_result()), "Summary")

    assert "- **Period:** 2025-09-01 to 2025-09-30 (30 days)" in text
    assert "- **Strategy:** best 10% of the signals by ML score, $5,000 per trade" in text
    assert "- **Total signals:** 87" in text
    assert "- **Deployed:** 11 signals (12.64 % of all), 11 trades" in text          # 11 / 87
    assert "- **Red flags:** 1" in text
    assert "**ML against rules: Not enough evidence.** The interval spans all three verdicts." in text


@pytest.mark.parametrize(("conviction", "words"), [
    pytest.param({"selection": "whole_sample"}, "LOOK-AHEAD", id="look-ahead"),
    pytest.param({"strategy": "hybrid", "hybrid_ml_weight": 0.6}, "best 10% by 60% ML and 40% rule score", id="hybrid"),
    pytest.param({"strategy": "threshold9"}, "every signal with an ML score of 9 or more", id="threshold"),
])
def test_the_strategy_is_told_in_words(arithmetic_result, conviction, words):
    result = arithmetic_result()
    settings = result.settings.model_copy(update={
        "conviction": result.settings.conviction.model_copy(update=conviction)})

    assert words in section(report(arithmetic_result(settings=settings)), "Summary")


def test_simulated_signals_over_real_prices_are_announced_before_anything_else(random_result, arithmetic_result):
    simulated = random_result()

    assert report(simulated).split("\n")[2].startswith("> **SIMULATED SIGNALS: the ideas are invented")
    assert simulated.corner == "random · simulated signals"
    assert simulated.summary().split("\n")[2].startswith("SIMULATED SIGNALS")
    assert "SIMULATED" not in report(arithmetic_result())


def test_simulated_signals_over_a_simulated_market_are_announced_as_both(random_result):
    result = random_result()
    settings = result.settings.model_copy(update={
        "data": result.settings.data.model_copy(update={"source": "simulated"})})

    both = random_result(settings=settings)

    assert report(both).split("\n")[2].startswith("> **SIMULATED MARKET AND SIGNALS")
    assert both.corner == "random · simulated market · simulated signals"


def test_hit_rates_of_no_skill_and_of_break_even_stand_beside_the_measured_one(arithmetic_result):
    text = section(report(arithmetic_result()), "Performance")

    # 2 / 102 and (2 + 1.2) / 102
    assert "31.27 % to 83.18 % | zero skill 1.96 %, break-even 3.14 % |" in text


def test_the_comparison_gives_difference_interval_verdict_and_what_is_missing(arithmetic_result):
    text = section(report(arithmetic_result()), "ML vs baseline")

    assert "- **Improvement:** +10.0 percentage points, 95% interval -30.0 to +50.0, 9 independent clusters" in text
    assert "- **Verdict:** Not enough evidence. The interval spans all three verdicts." in text
    assert "- **More trades needed:** 380 of either" in text
    assert "- **Power:** With 10 trades of either" in text


def test_a_number_of_trades_beyond_reason_is_only_called_large(arithmetic_result):
    text = report(arithmetic_result(conviction={"more_trades_needed": 100_001}))

    assert "more than 100,000 of either" in text


def test_a_run_without_a_comparison_says_why(arithmetic_result):
    none = {"ml_win_rate": None, "rules_win_rate": None, "difference": None, "comparison_verdict": None,
            "difference_note": "the scenario ml_vs_rules was not asked for"}

    text = report(arithmetic_result(conviction=none))

    assert "Not compared: not computed: the scenario ml_vs_rules was not asked for." in text
    assert "**ML against rules" not in text


def test_the_base_rate_of_the_bands_is_that_of_the_bands(random_result):
    bands = pd.DataFrame({"score": ["<7", "9"], "signals": [70, 12], "resolved": [60, 10], "winners": [3, 4],
                          "win_rate": [0.05, 0.4], "low": [0.02, 0.17], "high": [0.14, 0.69],
                          "mean_probability": [0.06, np.nan]})
    result = random_result()

    text = section(report(random_result(tables={**result.tables, "conviction_bands": bands})), "Conviction calibration")

    assert "| 9 | 12 | 4 of 10 (40.00 %) | 17.00 % to 69.00 % |  |" in text
    assert "10.00 % of the resolved ones won" in text      # 7 / 70


def test_walk_forward_gives_mean_and_spread_over_the_months(random_result):
    result = random_result(months=3)
    folds = result.tables["walk_forward"].assign(win_rate=[0.1, np.nan, 0.3], auc=[0.5, 0.6, 0.7])

    text = section(report(random_result(months=3, tables={**result.tables, "walk_forward": folds})), "Walk-forward")

    # mean of 10 % and 30 %; deviation with n - 1: sqrt(2 * 0.1^2) = 14.14 %
    assert "| win rate of selected signals | 20.00 % | 14.14 % | 10.00 % | 30.00 % | 2 |" in text
    assert "| AUC | 0.600 | 0.100 | 0.500 | 0.700 | 3 |" in text
    assert "All test months in one account" in text


def test_months_of_the_cold_start_are_left_out_of_a_second_mean(random_result):
    result = random_result(months=3)
    folds = result.tables["walk_forward"].assign(
        auc=[0.2, 0.6, 0.7], trained_on=["synthetic", "10 signals to 2023-02-20", "20 signals to 2023-03-20"])

    text = section(report(random_result(months=3, tables={**result.tables, "walk_forward": folds})), "Walk-forward")

    assert "| AUC | 0.500 |" in text
    assert "| AUC, without months of the cold start | 0.650 |" in text
    assert "| 2023-02 | cold start: synthetic signals |" in text


def test_sizes_are_compared_without_repeating_the_signals(random_result):
    text = section(report(random_result()), "Scenarios").split("### Scenario 4: which size")[1]

    assert "each time the same; only the stake differs" in text
    assert "| account of scenario |" in text
    assert "winners of resolved" not in text


def test_one_month_has_no_spread(random_result):
    text = section(report(random_result(months=1)), "Walk-forward")

    assert "one month has no spread" in text


def test_a_group_helps_only_if_the_whole_interval_says_so(random_result):
    rows = pd.DataFrame({"group": ["social", "timing", "thesis"], "auc_full": 0.66, "auc_without": [0.6, 0.661, 0.7],
                         "difference": [0.06, -0.001, -0.04], "low": [0.02, -0.02, -0.06],
                         "high": [0.1, 0.02, -0.02]})
    result = random_result()

    text = report(random_result(tables={**result.tables, "ablation": rows}))

    assert "| social | 0.660 | 0.600 | +0.060 | +0.020 to +0.100 | helps |" in text
    assert "| -0.001 | -0.020 to +0.020 | not to be told from nothing |" in text
    assert "| -0.060 to -0.020 | harms |" in text


def test_only_raised_flags_are_called_flags(arithmetic_result):
    flags = [{"kind": "green", "name": "a", "state": "clear", "text": "sharpe: 0.2: not raised."},
             {"kind": "green", "name": "b", "state": "raised", "text": "drawdown: 3 %: raised."},
             {"kind": "red", "name": "c", "state": "not enough evidence", "text": "win rate: 40 %."},
             {"kind": "red", "name": "d", "state": "raised", "text": "bunched scores: raised."}]

    text = report(arithmetic_result(conviction={"flags": flags}))

    assert ("- **Red flag:** bunched scores: raised.\n- **Green flag:** drawdown: 3 %: raised.\n\nNot raised, or not "
            "to be told from this sample:\n\n- red flag: win rate: 40 %.\n- green flag: sharpe: 0.2: not raised."
            ) in text
    assert "- **Red flags:** 1" in text


def test_excluded_signals_are_counted_by_rule_and_named(arithmetic_result):
    files = ("excluded_x.csv",)
    many = pd.DataFrame({"signal_id": [f"x{number}" for number in range(13)], "ticker": "MOON", "rule": "no_price",
                         "value": None, "advice": "give its bars"})

    few = section(report(arithmetic_result(), files), "Excluded signals")
    lots = section(report(arithmetic_result(tables={"excluded": many}), files), "Excluded signals")

    assert "2 left out of every result, by rule:" in few
    assert "**no price**: 1; give its bars." in few
    assert "- AI (x1) AI" in few
    assert "- and 8 more: all are in [excluded_x.csv](excluded_x.csv)" in lots         # 13 - 5


def test_hundreds_of_signals_that_the_model_had_seen_are_one_count_and_a_few_examples(arithmetic_result):
    seen = pd.DataFrame({"signal_id": [f"x{number}" for number in range(339)], "ticker": "MOON", "rule": "in_sample",
                         "value": "2024-03-01", "advice": "the model has seen outcomes up to 2024-05-31"})

    text = report(arithmetic_result(conviction={"in_sample_signals": 339}, tables={"excluded": seen}))
    part = section(text, "Excluded signals")

    assert "**in sample**: 339; the model has seen outcomes up to 2024-05-31." in part
    assert part.count("MOON") == 5
    assert "- and 334 more: all are in the table of excluded signals" in part
    assert "In sample: 339 signals that the model may have learned from are left out of every result." in text


def test_the_difference_of_net_returns_is_told_where_it_is_known(arithmetic_result):
    words = "ML minus rules +0.40 % per signal, 95% interval -0.20 % to +1.10 %"

    told = section(report(arithmetic_result(conviction={"net_difference_text": words})), "ML vs baseline")

    assert f"- **Net return:** {words}\n" in told
    assert "Net return:" not in section(report(arithmetic_result()), "ML vs baseline")


def test_the_area_under_the_curve_is_called_one_within_months(arithmetic_result):
    text = section(report(arithmetic_result(conviction={"auc": 0.55})), "Performance")

    assert "| AUC of the scores, within months | 0.550 |  | 0.500 is no better than chance |" in text


def test_the_best_of_each_month_are_called_so_and_explained_once(random_result):
    result = random_result()
    scenarios = result.tables["scenarios"]
    of_months = scenarios.assign(selection=scenarios["selection"].mask(
        scenarios["scenario"].isin(["ml_best", "rules_best"]), "best of each month"))
    words = ("Both take the best signals of each month, so that a good month helps both alike; a live trader does not "
             "know the later signals of a month.")

    text = section(report(random_result(tables={**result.tables, "scenarios": of_months})), "Scenarios")

    assert text.count(words) == 1
    assert words in text.split("### Scenario 3: ML against rules")[1].split("###")[0]
    assert "| best by ML | best of each month |" in text
    assert "LOOK-AHEAD" not in text
    assert words not in report(result)


def test_a_long_list_of_trades_ends_with_a_pointer_to_the_blotter(random_result):
    text = section(report(random_result(n_trades=150), ("trade_blotter_x.csv",)), "Trades")

    assert "### Best 5" in text
    assert "### Worst 5" in text
    assert "And 110 more: see [trade_blotter_x.csv](trade_blotter_x.csv)." in text      # 150 - 40


def test_a_chart_that_could_not_be_drawn_is_explained(arithmetic_result):
    text = report(arithmetic_result(), ("plot_equity.png",))

    assert "![Equity of the strategy and of the rules, drawdown shaded](plot_equity.png)" in text
    assert "*No chart (win rate by conviction score with intervals and counts): no scored signal is resolved.*" in text


@pytest.mark.parametrize("parts", [
    pytest.param({"metrics": {}, "tables": {}}, id="no figures"),
    pytest.param({"tables": {}}, id="no tables"),
    pytest.param({"signals": pd.DataFrame({"symbol": []})}, id="no signals"),
])
def test_a_run_that_lacks_something_still_has_report_and_summary(random_result, parts):
    result = random_result(**parts)

    assert "## Conclusion" in report(result)
    assert "CONCLUSION" in result.summary()


def test_a_run_without_trades_has_a_report(arithmetic_result):
    result = arithmetic_result()
    still = result.equity.assign(**{"equity": 100_000.0, "return": 0.0, "drawdown": 0.0})
    figures = {**result.metrics, "trade": {"total_trades": 0}, "conviction": {"n_selected": 0}}

    silent = arithmetic_result(trades=result.trades.iloc[:0], equity=still, metrics=figures)

    assert "No trade was closed: there is nothing to add up." in report(silent)
    assert "| Win rate: closed trades that reached the target | none of 0 |" in report(silent)
    assert "*No chart (distribution of trade returns): no trade was closed.*" in report(silent)
    assert "Win Rate: no closed trade\nAvg Win: no such trade" in silent.summary()


def test_hostile_text_stays_text(arithmetic_result):
    evil = "x | <script>alert(1)</script> [a](http://example.org)\n# title"
    excluded = pd.DataFrame({"signal_id": [evil], "ticker": [evil], "rule": [evil], "value": [evil], "advice": [evil]})
    flags = [{"kind": "red", "name": "n", "text": evil}]

    text = report(arithmetic_result(tables={"excluded": excluded}, name=evil, conviction={
        "flags": flags, "conclusion": [evil], "model": evil, "comparison_text": evil, "power_text": evil}))

    assert "<script>" not in text
    assert "\n# title" not in text
    assert "](http://example.org)" not in text.replace("\\]", "")


def test_a_stored_run_comes_back_with_tables_and_summary(tmp_path, random_result):
    result = random_result(settings=random_result().settings.model_copy(update={
        "output": random_result().settings.output.model_copy(update={"save_plots": False})}))

    stored = store(result, tmp_path)
    loaded = load_run(stored.folder)

    for name, table in result.tables.items():
        pd.testing.assert_frame_equal(loaded.tables[name], table, check_exact=True, check_dtype=False, obj=name)
    assert loaded.summary() == stored.summary()
    assert report(loaded) == report(stored)
    assert loaded.is_simulated


def test_the_json_report_of_a_conviction_run_is_strict(tmp_path, arithmetic_result):
    folder = store(arithmetic_result(conviction={"lift": float("inf"), "recall": float("nan")}), tmp_path).folder

    found = json.loads(next(folder.glob("performance_report_*.json")).read_text(), parse_constant=refuse)

    assert found["conviction"]["lift"] is None
    assert found["conviction"]["flags"][1]["kind"] == "red"
    assert found["conviction"]["simulated_signals"] is False
