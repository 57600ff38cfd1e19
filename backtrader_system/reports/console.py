"""What the command line prints before and after a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING

from backtrader_system.reports.conviction.console import conviction_header, conviction_summary
from backtrader_system.reports.figure_text import FigureSheet, dollars
from backtrader_system.reports.puts.console import put_header, put_summary
from backtrader_system.reports.report_ml import out_of_sample_words
from backtrader_system.reports.report_results import baseline_text
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import costs_text, simulation_text, universe_text, verification_text

if TYPE_CHECKING:
    from backtrader_system.settings.loading import LoadedSettings

WIDTH = 78
WARNINGS_SHOWN = 10
MAX_VALUE_WIDTH = 20      # a longer text, such as why a figure was not computed, may run on
_LINES = (
    ("final_value", "Final Portfolio Value"), ("total_return", "Total Return"), ("cagr", "CAGR"),
    ("max_drawdown", "Max Drawdown"), ("sharpe_ratio", "Sharpe Ratio"), ("sortino_ratio", "Sortino Ratio"),
    ("calmar_ratio", "Calmar Ratio"), ("total_trades", "Total Trades"), ("win_rate", "Win Rate"),
    ("avg_regime_accuracy", "Avg ML Regime Accuracy"), ("avg_strength_r2", "Avg ML Strength R2"),
)


def print_header(loaded: LoadedSettings, market_is_simulated: bool) -> None:
    """Print what is about to run; the first line says so when the market is simulated."""
    print(header_text(loaded, market_is_simulated), flush=True)


def print_summary(result: RunResult, already_shown: Collection[str] = ()) -> None:
    """Print the results and where they are."""
    print(summary_text(result, already_shown), flush=True)


def header_text(loaded: LoadedSettings, market_is_simulated: bool) -> str:
    """Return the lines of `print_header`."""
    settings = loaded.settings
    if settings.system == "conviction":
        return conviction_header(loaded, market_is_simulated)
    if settings.system == "put_recommendations":
        return put_header(loaded, market_is_simulated)
    test = settings.backtest
    lines = [f"{simulation_text(('market',))}."] if market_is_simulated else []
    lines += [
        f"Backtest:         {loaded.name}" + (f" ({loaded.path})" if loaded.path else ""),
        f"Period:           {test.start_date} to {test.end_date}",
        f"Symbols:          {universe_text(settings)}",
        f"Initial Capital:  {dollars(test.initial_capital)}",
        f"Costs:            {costs_text(settings)}",
    ]
    return "\n".join(lines + [f"Warning: {warning}" for warning in loaded.warnings]) + "\n"


def summary_text(result: RunResult, already_shown: Collection[str] = ()) -> str:
    """Return the results as aligned plain text: strategy, interval, baseline, verdict, warnings, folder.

    already_shown : warnings that the reader has seen, as those of the header.
    """
    if result.settings.system == "conviction":
        return conviction_summary(result, already_shown)
    if result.settings.system == "put_recommendations":
        return put_summary(result, already_shown)
    sheet = FigureSheet(result.metrics)
    lines = ["BACKTEST RESULTS SUMMARY", "=" * WIDTH]
    lines += [f"{simulation_text(result.simulated_parts)}."] if result.is_simulated else []
    if len(result.equity):
        sessions = result.equity["session"]
        lines += [f"{sessions.iloc[0]:%Y-%m-%d} to {sessions.iloc[-1]:%Y-%m-%d}, {len(sessions):,} sessions; "
                  "baseline: buy and hold"]
    of_models = out_of_sample_words(result)
    shown = [(name, words) for name, words in _LINES if name not in of_models or result.settings.ml_config.enabled]
    rows = [(f"{words}:", sheet.text(name), _beside(sheet, name, of_models)) for name, words in shown]
    words_width = max(len(words) for words, _, _ in rows)
    value_width = max((len(value) for _, value, _ in rows if len(value) <= MAX_VALUE_WIDTH), default=0)
    lines += [f"{words:<{words_width}}  {value:>{value_width}}  {beside}".rstrip() for words, value, beside in rows]
    verdict = sheet.value("verdict")
    lines += ["", *wrap(f"Verdict: {verdict}", WIDTH)] if verdict else []
    verification = verification_text(result)
    lines += ["", *wrap(f"Second engine: {verification}", WIDTH)] if verification else []
    lines += _warnings([warning for warning in result.warnings if warning not in already_shown])
    lines += ["", f"Results saved to: {result.folder}" if result.folder else "Results are not saved."]
    return "\n".join(lines)


def _beside(sheet: FigureSheet, name: str, of_models: Mapping[str, str]) -> str:
    """Return what stands beside a figure: its interval, the baseline's figure, what it was measured on."""
    confidence = sheet.value("confidence")
    interval, baseline = sheet.interval(name), baseline_text(sheet, name)
    percent = f"{float(confidence):.0%} " if confidence is not None else ""
    parts = [f"{percent}interval {interval}"] if interval else []
    parts += [f"baseline {baseline}"] if baseline and sheet.value(f"baseline_{name}") is not None else []
    parts += [of_models[name]] if name in of_models and sheet.value(name) is not None else []
    return f"({'; '.join(parts)})" if parts else ""


def _warnings(warnings: list[str]) -> list[str]:
    lines = [f"Warning: {warning}" for warning in warnings[:WARNINGS_SHOWN]]
    if len(warnings) > WARNINGS_SHOWN:
        lines.append(f"... and {len(warnings) - WARNINGS_SHOWN} more warnings, see report.md")
    return ["", *lines] if lines else []
