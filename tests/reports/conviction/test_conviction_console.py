"""What the command line prints about a conviction run: the layout of the design document, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from backtrader_system.reports.console import header_text, summary_text
from backtrader_system.settings.settings import Settings


@dataclass
class Loaded:
    """The part of LoadedSettings that the header shows."""

    settings: Settings
    name: str = "conviction"
    path: Path | None = Path("config/conviction.yaml")
    warnings: tuple[str, ...] = ()


def test_the_summary_has_the_layout_of_the_design_document(arithmetic_result):
    lines = summary_text(arithmetic_result()).split("\n")

    assert lines[:18] == [
        "BACKTEST RESULTS: conviction_v0.1",
        "========================================",
        "Period: 2025-09-01 to 2025-09-30 (30 days)",
        "Total Signals: 87 (2 of them excluded)",
        "Deployed: 11 (best 10% of the signals by ML score; $5,000 per trade)",
        "",
        "PERFORMANCE",
        "-----------",
        "Win Rate: 60.00 % (6/10 trades reached the target)",
        "          95% interval 31.27 % to 83.18 %",
        "          zero skill 1.96 %, break-even 3.14 %",
        "Earned Money: 70.00 % (7/10)",
        "Avg Win: +86.11 % ($4,306 avg)",
        "Avg Loss: -3.20 % (-$160 avg)",
        "Net P&L: $29,660 (+59.32 % on $50,000 deployed)",
        lines[15], lines[16], lines[17]]
    assert lines[15].startswith("Return on Account: +29.73 % (95% interval ")      # 29,735 on 100,000
    assert lines[18] == "Profit Factor: 62.79"
    titles = ["BEST TRADES", "WORST TRADES", "CONVICTION BREAKDOWN", "CONCLUSION"]
    assert [line for line in lines if line in titles] == titles


def test_best_and_worst_trades_are_named_with_their_conviction(arithmetic_result):
    text = summary_text(arithmetic_result())

    assert "BEST TRADES\n-----------\n1. $T6 +99.60 % ($4,980 gain), conviction 8\n2. $T5 +99.20 %" in text
    assert "WORST TRADES\n------------\n1. $T10 -3.40 % ($170 loss), conviction 8\n" in text


def test_a_breakdown_has_counts_and_intervals(random_result):
    bands = pd.DataFrame({"score": ["<7", "9"], "signals": [70, 12], "resolved": [0, 10], "winners": [0, 4],
                          "win_rate": [None, 0.4], "low": [None, 0.17], "high": [None, 0.69],
                          "mean_probability": [0.06, 0.2]})

    text = summary_text(random_result(tables={"conviction_bands": bands}))

    assert "Score <7: 70 signals, none resolved" in text
    assert "Score 9: 12 signals, 40.00 % winners (4/10, 17.00 % to 69.00 %)" in text
    assert "All: 40.00 % winners" in text


def test_the_conclusion_holds_verdict_sentences_and_raised_flags(arithmetic_result):
    conclusion = summary_text(arithmetic_result()).split("CONCLUSION\n----------\n")[1]

    assert conclusion.startswith("- ML against rules: Not enough evidence.")
    assert "- Nothing may be concluded from ten trades.\n- RED FLAG: Only 10 closed trades.\n" in conclusion


def test_a_verdict_that_the_conclusion_explains_is_explained_once(arithmetic_result):
    why = "The interval spans all three verdicts."

    text = summary_text(arithmetic_result(conviction={"conclusion": [f"Does ML beat the rules? {why}"]}))

    assert text.count(why) == 1
    assert "- ML against rules: Not enough evidence.\n" in text


def test_a_run_whose_blotter_was_not_saved_says_so(arithmetic_result):
    result = arithmetic_result()

    text = summary_text(arithmetic_result(trades=result.trades.iloc[:0]))

    assert "The trade blotter was not saved with this run." in text


def test_the_header_says_what_is_simulated_and_what_is_scored_by_what():
    settings = Settings(system="conviction", data={"source": "files"})

    text = header_text(Loaded(settings, warnings=("a cap cannot act",)), False)

    assert text.split("\n")[0].startswith("SIMULATED SIGNALS")
    assert "Signals:          simulated\n" in text
    assert "Model:            retrained before every month on the months before\n" in text
    assert "Strategy:         top10 (causal)\n" in text
    assert text.endswith("Warning: a cap cannot act\n")


def test_the_header_of_given_signals_names_file_model_and_period():
    settings = Settings(system="conviction", data={"source": "files"},
                        backtest={"start_date": None, "end_date": None},
                        conviction={"signals": "history.csv", "model": "m.skops"})

    text = header_text(Loaded(settings), False)

    assert "SIMULATED" not in text
    assert "Signals:          history.csv\nModel:            m.skops\n" in text
    assert "Period:           that of the signals\n" in text
