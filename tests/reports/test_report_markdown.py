"""report.md: what a trader reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from backtrader_system.market_data.quality import DataIssue, DataReport
from backtrader_system.reports.figure_text import FigureSheet, dollars, generic, percent, price, signed_percent
from backtrader_system.reports.markdown_table import cell, table
from backtrader_system.reports.report_markdown import report_text
from backtrader_system.reports.report_ml import regime_words, strength_words
from backtrader_system.reports.result import RunResult

PLOTS = ("plot_equity.png", "plot_exposure.png")


def report(result: RunResult, files: Sequence[str] = PLOTS) -> str:
    return report_text(result, files=files)


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_it_says_what_was_run(make_result):
    text = section(report(make_result(settings={"universe": {"symbols": ["KO", "MSFT"]}})), "What was run")

    assert "| period | 2021-01-04 to 2021-03-26, 60 sessions |" in text
    assert "| universe | 2 symbols: KO, MSFT |" in text
    assert "| initial capital | $100,000 |" in text
    assert "| costs | commission 5 bps, slippage 2 bps per side |" in text


def test_a_simulated_market_is_announced_before_anything_else(make_result):
    simulated = report(make_result(settings={"data": {"source": "simulated"}}))

    assert simulated.split("\n")[2].startswith("> **SIMULATED MARKET")
    assert "SIMULATED" not in report(make_result())


def test_results_stand_beside_interval_and_baseline(make_result):
    text = section(report(make_result()), "Result")

    assert "| figure | strategy | 95% interval | baseline: buy and hold |" in text
    assert "| Total return | +12.35 % |  | +5.00 % |" in text
    assert "| Sharpe ratio | 1.85 | -0.20 to 3.90 |  |" in text
    assert "| Win rate | 50.00 % | 9.45 % to 90.55 % |  |" in text
    assert "not computed: under one year: not annualised (90 calendar days)" in text
    assert "bootstrap of 60 sessions, 2,000 samples" in text
    assert "nan" not in report(make_result()).lower()


def test_a_figure_nobody_described_is_shown_all_the_same(make_result):
    assert "| Unheard of | 1.235 |" in report(make_result())


def test_few_trades_are_listed_once_and_many_as_best_and_worst(make_result, make_trades):
    many = make_trades(*({"net_pnl": float(pnl), "symbol": f"P{pnl}"} for pnl in range(1, 12)))

    few_text = section(report(make_result()), "Trades")
    many_text = section(report(make_result(trades=many)), "Trades")

    assert "2 closed, 1 open at the end." in few_text
    assert "| S2 | 2021-01-05 | 100.00 | 2021-01-12 | 95.00 | 5 | -5.00 % | -$50.00 | stop_loss |" in few_text
    assert "Open at the end, at their last close $7.00 in total: S3." in few_text
    best, worst = many_text.split("### Worst 5")
    assert [f"| P{pnl} |" in best for pnl in (11, 7, 6)] == [True, True, False]
    assert [f"| P{pnl} |" in worst for pnl in (1, 5, 6)] == [True, True, False]


def test_exits_are_grouped_by_reason(make_result, make_trades):
    trades = make_trades({"exit_reason": "stop_loss", "net_pnl": -300.0, "return": -0.03},
                         {"exit_reason": "stop_loss", "net_pnl": 100.0, "return": 0.01}, {"exit_reason": None})

    text = section(report(make_result(trades=trades)), "Exits by reason")

    # won 1 of 2; -300 + 100; (-3 % + 1 %) / 2
    assert "| stop_loss | 2 | 50% | -$200 | -1.00 % |" in text
    assert "| unknown | 1 | 100% | $100 | +10.00 % |" in text


def test_orders_that_did_not_fill_are_grouped_and_capped(make_result, make_orders):
    rejected = [{"event": 2, "status": "rejected", "reason": f"reason {number:02}"} for number in range(25)]
    expired = {"status": "expired", "reason": "end of day"}
    orders = make_orders({}, expired, expired, *rejected)

    text = section(report(make_result(orders=orders)), "Orders that did not fill")

    assert "27 of 28 orders." in text
    assert "| expired | end of day | 2 |" in text
    assert "| rejected | reason 18 | 1 |" in text
    assert "reason 19" not in text
    assert "And 6 more kinds, 6 orders: see the order log." in text


def test_if_all_orders_filled_it_says_so(make_result, make_orders):
    orders = make_orders({}, {"status": "filled", "price": 1.0})

    assert "None of 2 orders was rejected" in report(make_result(orders=orders))


def test_data_issues_are_grouped_by_rule_and_capped(make_result, monkeypatch):
    monkeypatch.setattr("backtrader_system.reports.report_sections.ISSUES_SHOWN", 5)
    text = section(report(make_result()), "Data")

    assert "8 symbols, 300 sessions, 2,400 bars" in text
    assert "**one_day_move**: 8 in 8 symbols, all in prices.csv. What to do: check for a split." in text
    assert "- S5 2021-01-08 moved 45 %\n- and 3 more:" in text
    assert "### Repairs: 1" in text
    assert "Errors: none." in text


def test_settings_that_differ_from_the_defaults_are_listed(make_result):
    changed = section(report(make_result(settings={"strategy": {"max_positions": 3}})),
                      "Settings that differ from the defaults")

    assert "| strategy.max_positions | 3 | 15 |" in changed
    assert "signal_threshold" not in changed


def test_plots_are_embedded_and_files_linked_only_if_they_exist(make_result):
    text = report(make_result(), files=("plot_equity.png", "orders_x.csv"))

    assert "![Equity of strategy and baseline](plot_equity.png)" in text
    assert "plot_drawdown.png" not in text
    assert "[orders_x.csv](orders_x.csv)" in text
    assert "`docs/metrics.md`" in text


def test_ml_is_told_in_words(make_result):
    text = section(report(make_result()), "Machine learning, out of sample")

    assert "right in 53.00 % of 490 predictions" in text
    assert "commoner in training would have been right in 60.00 %." in text
    assert "R2 -0.020 over 480 predictions, no better than the mean" in text
    assert "standard error 0.020: not to be told from zero" in text                 # 0.03 < 2 * 0.02
    assert "| S1 | 490 | 0.400 | 0.530 | not computed | 0.030 |" in text


def test_a_model_that_is_better_is_called_better():
    regime = FigureSheet({"regime": {"n": 100, "accuracy": 0.58, "naive_accuracy": 0.5, "accuracy_gain": 0.08,
                                     "accuracy_gain_standard_error": 0.03}})
    strength = FigureSheet({"strength": {"n": 100, "r2": 0.01, "ic": -0.05, "ic_standard_error": 0.02}})

    assert "the model was better by more than 2 standard errors" in regime_words(regime)
    assert "better than the mean" in strength_words(strength)
    assert "below zero by more than 2 of them" in strength_words(strength)


@pytest.mark.parametrize("parts", [
    pytest.param({"metrics": {}}, id="no figures"),
    pytest.param({"metrics": {"ml": {"regime": {"accuracy": None, "accuracy_note": "too few"}}}}, id="no accuracy"),
    pytest.param({"settings": {"ml_config": {"enabled": False}}}, id="no ml"),
    pytest.param({"returns": [0.01]}, id="one session"),
])
def test_a_run_that_lacks_something_still_has_a_report(make_result, parts):
    assert "## Machine learning" in report(make_result(**parts))


def test_hostile_text_stays_text(make_result, make_orders):
    evil = "x | <script>alert(1)</script> [a](http://example.org)\n# title"
    issue = DataIssue("warning", "gap", "a|b.csv", "S1", date(2021, 1, 8), evil, "")
    orders = make_orders({"status": "rejected", "reason": evil})

    text = report(make_result(orders=orders, warnings=(evil,),
                              data_report=DataReport((), (issue,), (), "", 1, 1, 1)))

    assert "<script>" not in text
    assert "\n# title" not in text
    assert "](http://example.org)" not in text.replace("\\]", "")
    assert cell("a|b\nc") == "a\\|b c"
    assert table(("a",), [("x|y",)])[2] == "| x\\|y |"


@pytest.mark.parametrize(("written", "expected"), [
    pytest.param(dollars(-1234.6), "-$1,235", id="dollars"),
    pytest.param(dollars(2.5), "$2.50", id="small amount"),
    pytest.param(dollars(-0.001), "$0.00", id="no negative zero"),
    pytest.param(signed_percent(0.3245), "+32.45 %", id="gain"),
    pytest.param(signed_percent(-0.000001), "0.00 %", id="zero has no sign"),
    pytest.param(percent(0.0823), "8.23 %", id="share"),
    pytest.param(price(0.12345), "0.1235", id="penny stock"),
    pytest.param(generic(True), "True", id="flag"),
    pytest.param(generic(12345), "12,345", id="count"),
])
def test_numbers_have_units(written, expected):
    assert written == expected
