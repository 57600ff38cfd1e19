"""What the command line prints about a conviction run, in the layout of the design document."""

from __future__ import annotations

import math
from collections.abc import Collection
from textwrap import wrap
from typing import TYPE_CHECKING

from backtrader_system.metrics.uncertainty import wilson_interval
from backtrader_system.reports.conviction.blotter import Blotter, blotter_of, closed_trades, with_conviction
from backtrader_system.reports.conviction.facts import (
    VERDICTS,
    base_rate_of,
    facts_of,
    flags_of,
    hurdles_text,
    strategy_text,
    table_of,
)
from backtrader_system.reports.conviction.report_performance import period_text, profit_factor_text, size_text
from backtrader_system.reports.figure_text import FigureSheet, dollars, is_missing, percent, signed_percent
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import costs_text, simulation_text, verification_text
from backtrader_system.reports.section_figures import SectionFigures, interval_text

if TYPE_CHECKING:
    from backtrader_system.settings.loading import LoadedSettings

WIDTH = 78
TRADES_SHOWN = 3
WARNINGS_SHOWN = 10


def conviction_header(loaded: LoadedSettings, market_is_simulated: bool) -> str:
    """Return what is about to run; the first line says what of it is simulated."""
    settings = loaded.settings
    test, conviction = settings.backtest, settings.conviction
    simulated = [part for part, is_so in (("market", market_is_simulated), ("signals", conviction.signals is None))
                 if is_so]
    period = "that of the signals" if test.start_date is None else f"{test.start_date} to {test.end_date}"
    lines = [f"{simulation_text(simulated)}."] if simulated else []
    lines += [
        f"Backtest:         {loaded.name}" + (f" ({loaded.path})" if loaded.path else ""),
        f"Signals:          {conviction.signals or 'simulated'}",
        f"Model:            {conviction.model or 'retrained before every month on the months before'}",
        f"Strategy:         {conviction.strategy}" + (
            "" if conviction.strategy.startswith("threshold") else f" ({conviction.selection.replace('_', ' ')})"),
        f"Period:           {period}",
        f"Initial Capital:  {dollars(test.initial_capital)}",
        f"Costs:            {costs_text(settings)}",
    ]
    return "\n".join(lines + [f"Warning: {warning}" for warning in loaded.warnings]) + "\n"


def conviction_summary(result: RunResult, already_shown: Collection[str] = ()) -> str:
    """Return the results as plain text; every share with its count, every estimate with its interval.

    already_shown : warnings that the reader has seen, as those of the header.
    """
    facts = facts_of(result)
    head = f"BACKTEST RESULTS: {facts.value('model') or result.name}"
    excluded = f" ({facts.count('n_excluded'):,} of them excluded)" if facts.count("n_excluded") else ""
    lines = [
        head, "=" * max(len(head), 40),
        *([f"{simulation_text(result.simulated_parts)}."] if result.is_simulated else []),
        f"Period: {period_text(result)}",
        f"Total Signals: {facts.count('n_signals'):,}{excluded}",
        f"Deployed: {facts.count('n_deployed'):,} ({strategy_text(result)}; {size_text(result)})",
        *_section("PERFORMANCE", _performance(result, facts)),
        *_section("BEST TRADES", _extremes(result, best=True)),
        *_section("WORST TRADES", _extremes(result, best=False)),
        *_section("CONVICTION BREAKDOWN", _breakdown(result)),
        *_section("CONCLUSION", _conclusion(result, facts)),
        *_ending(result, already_shown),
    ]
    return "\n".join(lines)


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, "-" * len(title), *lines]


def _performance(result: RunResult, facts: SectionFigures) -> list[str]:
    sheet, blotter = FigureSheet(result.metrics), blotter_of(result.trades)
    if blotter.closed == 0 and (sheet.value("total_trades") or 0):
        return ["The trade blotter was not saved with this run."]
    confidence = f"{result.settings.evidence.confidence:.0%} interval"

    def account(title: str, name: str) -> str:
        interval, rules = sheet.interval(name), sheet.value(f"baseline_{name}")
        beside = [f"{confidence} {interval}"] if interval else []
        beside += [f"rules {sheet.text(f'baseline_{name}')}"] if rules is not None else []
        return f"{title}: {sheet.text(name)}" + (f" ({'; '.join(beside)})" if beside else "")

    return [
        *_win_rate(blotter, facts, confidence, result.settings.evidence.confidence),
        f"Avg Win: {_mean(blotter.mean_gain, blotter.mean_gain_dollars)}",
        f"Avg Loss: {_mean(blotter.mean_loss, blotter.mean_loss_dollars)}",
        "Net P&L: " + (f"{dollars(blotter.net_pnl)} ({signed_percent(blotter.return_on_stakes)} on "
                       f"{dollars(blotter.stakes)} deployed)" if blotter.closed else "no closed trade"),
        account("Return on Account", "total_return"), account("Sharpe Ratio", "sharpe_ratio"),
        account("Max Drawdown", "max_drawdown"), f"Profit Factor: {profit_factor_text(blotter)}",
    ]


def _win_rate(blotter: Blotter, facts: SectionFigures, interval_words: str, confidence: float) -> list[str]:
    if not blotter.closed:
        return ["Win Rate: no closed trade"]
    ends = wilson_interval(blotter.reached_target, blotter.closed, confidence) or (None, None)
    return [
        f"Win Rate: {percent(blotter.reached_target / blotter.closed)} ({blotter.reached_target:,}/{blotter.closed:,} "
        "trades reached the target)",
        f"          {interval_words} {interval_text(*ends)}",
        f"          {hurdles_text(facts)}",
        f"Earned Money: {percent(blotter.earning / blotter.closed)} ({blotter.earning:,}/{blotter.closed:,})",
    ]


def _mean(fraction: float, amount: float) -> str:
    return "no such trade" if math.isnan(fraction) else f"{signed_percent(fraction)} ({dollars(amount)} avg)"


def _extremes(result: RunResult, *, best: bool) -> list[str]:
    trades = with_conviction(closed_trades(result.trades), result.signals)
    chosen = trades[trades["net_pnl"] > 0] if best else trades[trades["net_pnl"] < 0].iloc[::-1]
    rows = chosen.head(TRADES_SHOWN).rename(columns={"return": "result"}).itertuples()
    return [f"{number}. ${row.ticker} {signed_percent(row.result)} ({_money(row.net_pnl)}){_score(row.conviction)}"
            for number, row in enumerate(rows, 1)] or ["none"]


def _money(amount: float) -> str:
    return f"{dollars(abs(amount))} {'gain' if amount > 0 else 'loss'}"


def _score(conviction: float) -> str:
    return "" if is_missing(conviction) else f", conviction {conviction:.0f}"


def _breakdown(result: RunResult) -> list[str]:
    bands = table_of(result, "conviction_bands")
    if bands.empty:
        return ["no signal was scored"]
    lines = [f"Score {row.score}: {int(row.signals):,} signals, " + (
        "none resolved" if not row.resolved else
        f"{percent(row.win_rate)} winners ({int(row.winners):,}/{int(row.resolved):,}, "
        f"{interval_text(row.low, row.high)})") for row in bands.itertuples()]
    base = base_rate_of(bands)
    share = "none resolved" if base is None else f"{percent(base)} winners"
    return [*lines, f"All: {share}; winners are signals whose target came before the stop"]


def _conclusion(result: RunResult, facts: SectionFigures) -> list[str]:
    verdict = VERDICTS.get(str(facts.value("comparison_verdict")))
    sentences = [str(text) for text in facts.section.get("conclusion") or ()]
    reason = facts.text("comparison_text", str)
    reason = "" if any(reason in sentence for sentence in sentences) else f" {reason}"
    texts = [f"ML against rules: {verdict}.{reason}"] if verdict else []
    texts += sentences
    texts += [f"{'RED FLAG' if flag['kind'] == 'red' else 'Green flag'}: {flag['text']}" for flag in flags_of(result)]
    return [line for text in texts for line in wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ")] or [
        "none is drawn"]


def _ending(result: RunResult, already_shown: Collection[str]) -> list[str]:
    verification = verification_text(result)
    warnings = [warning for warning in result.warnings if warning not in already_shown]
    shown = [f"Warning: {warning}" for warning in warnings[:WARNINGS_SHOWN]]
    if len(warnings) > WARNINGS_SHOWN:
        shown.append(f"... and {len(warnings) - WARNINGS_SHOWN} more warnings, see report.md")
    return [
        *(["", *wrap(f"Second engine: {verification}", WIDTH)] if verification else []),
        *(["", *shown] if shown else []),
        "", f"Results saved to: {result.folder}" if result.folder else "Results are not saved.",
    ]
