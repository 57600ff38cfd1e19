"""What the command line prints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from backtrader_system.reports.console import header_text, print_header, print_summary, summary_text
from backtrader_system.settings.settings import Settings


@dataclass
class Loaded:
    """The part of LoadedSettings that the header shows."""

    settings: Settings
    name: str = "sample"
    path: Path | None = Path("config/sample.yaml")
    warnings: tuple[str, ...] = ()


def test_the_first_line_says_that_the_market_is_simulated(capsys):
    print_header(Loaded(Settings(data={"source": "simulated"})), True)

    printed = capsys.readouterr().out
    assert printed.split("\n")[0].startswith("SIMULATED MARKET")
    assert "Symbols:          20 simulated symbols" in printed


def test_the_header_names_period_symbols_capital_and_warnings():
    text = header_text(Loaded(Settings(universe={"symbols": ["KO", "MSFT"]}), warnings=("cap cannot act",)), False)

    assert text == (
        "Backtest:         sample (config/sample.yaml)\n"
        "Period:           2024-08-23 to 2025-08-22\n"
        "Symbols:          2 symbols: KO, MSFT\n"
        "Initial Capital:  $100,000\n"
        "Costs:            commission 5 bps, slippage 2 bps per side\n"
        "Warning: cap cannot act\n")


@pytest.mark.parametrize("line", [
    "Total Return:                +12.35 %  (baseline +5.00 %)",
    "CAGR:                    not computed: under one year: not annualised (90 calendar days)",
    "Max Drawdown:                  8.23 %",
    "Sharpe Ratio:                    1.85  (95% interval -0.20 to 3.90)",
    "Calmar Ratio:            not computed",
    "Total Trades:                       2",
    "Win Rate:                     50.00 %  (95% interval 9.45 % to 90.55 %)",
    "Avg ML Regime Accuracy:         0.531  "
    "(out of sample, mean over symbols; saying the class commoner in training 0.600)",
    "Avg ML Strength R2:            -0.020  (out of sample, mean over symbols; 480 predictions)",
    "Warning: the position cap 0.40 can never be reached",
    "Results saved to: results/20240102_030405_sample",
])
def test_the_summary_has_the_lines_of_the_seed(make_result, line):
    result = make_result(folder=Path("results/20240102_030405_sample"))

    assert line in summary_text(result).split("\n")


def test_a_summary_without_models_has_no_ml_lines(make_result):
    assert "ML" not in summary_text(make_result(settings={"ml_config": {"enabled": False}}))


def test_many_warnings_are_counted(make_result):
    text = summary_text(make_result(warnings=tuple(f"w{number}" for number in range(13))))

    assert "Warning: w9\n... and 3 more warnings, see report.md" in text


def test_a_run_that_is_not_stored_says_so(make_result, capsys):
    print_summary(make_result(metrics={}))

    assert "Results are not saved." in capsys.readouterr().out
