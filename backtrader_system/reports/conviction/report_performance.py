"""The parts of a conviction report about money: summary, performance, trades."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from backtrader_system.metrics.uncertainty import wilson_interval
from backtrader_system.reports.conviction.blotter import (
    Blotter,
    blotter_of,
    closed_trades,
    disagreements,
    with_conviction,
)
from backtrader_system.reports.conviction.facts import (
    VERDICTS,
    facts_of,
    flags_of,
    hurdles_text,
    is_file_of,
    label_text,
    selection_text,
    share_text,
    strategy_text,
    won_text,
)
from backtrader_system.reports.figure_text import (
    FigureSheet,
    dollars,
    is_missing,
    number,
    percent,
    precise,
    price,
    signed_percent,
)
from backtrader_system.reports.markdown_table import cell, table
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import costs_text
from backtrader_system.reports.section_figures import SectionFigures, interval_text

EXTREMES_SHOWN = 5
TRADES_SHOWN = 40
SIZES = {
    "fixed_cash": "{cash} per trade", "fixed_fraction": "{fraction:.1%} of equity per trade",
    "equal_weight": "equal weights", "kelly": "Kelly sizes",
}


def summary_lines(result: RunResult) -> list[str]:
    """Return what was run, in the bullets of the template, and the verdict."""
    facts = facts_of(result)
    deployed = facts.count("n_deployed")
    share = f" ({percent(deployed / facts.count('n_signals'))} of all)" if facts.count("n_signals") else ""
    rows = [
        ("Period", period_text(result)),
        ("Strategy", f"{strategy_text(result)}, {size_text(result)}"),
        ("Selection", selection_text(result)),
        ("Total signals", f"{facts.count('n_signals'):,}"),
        ("Excluded", f"{facts.count('n_excluded'):,} (reasons: section Excluded signals)"),
        ("Scored and selected", f"{facts.count('n_scored'):,} scored, {facts.count('n_selected'):,} selected"),
        ("Deployed", f"{deployed:,} signals{share}, {len(result.trades):,} trades"),
        ("Scores", f"{facts.text('model', str)}, {facts.text('score_source', str)}; "
                   f"model trained through {facts.text('model_trained_through', str)}"),
        ("Costs", costs_text(result.settings)),
    ]
    verdict = VERDICTS.get(str(facts.value("comparison_verdict")))
    n_red = sum(flag["kind"] == "red" for flag in flags_of(result))
    rows += [("Red flags", f"{n_red:,} (section Flags)")] if n_red else []
    return [
        "## Summary", "", *(f"- **{name}:** {cell(text)}" for name, text in rows), "",
        *([f"**ML against rules: {verdict}.** {cell(facts.text('comparison_text', str))}", ""] if verdict else []),
    ]


def period_text(result: RunResult) -> str:
    """Return first and last session with the calendar days, both ends counted."""
    if result.equity.empty:
        return "no session"
    first, last = result.equity["session"].iloc[0], result.equity["session"].iloc[-1]
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d} ({(last - first).days + 1:,} days)"


def size_text(result: RunResult) -> str:
    """Return how large a trade is, in words."""
    sizer = result.settings.sizer
    return SIZES[sizer.type].format(cash=dollars(sizer.cash_per_position), fraction=sizer.fraction)


def performance_lines(result: RunResult) -> list[str]:
    """Return the performance table, and the arithmetic that ties it to the blotter."""
    facts, blotter, sheet = facts_of(result), blotter_of(result.trades), FigureSheet(result.metrics)
    if blotter.closed == 0 and (sheet.value("total_trades") or 0):
        return ["## Performance", "", "The trade blotter was not saved with this run; its figures are in the "
                "performance report.", ""]
    confidence = result.settings.evidence.confidence
    rows = [*_trade_rows(blotter, facts, confidence), *_account_rows(sheet), *_signal_rows(facts)]
    verdict = sheet.value("verdict")
    return [
        "## Performance", "",
        *table(("figure", "value", f"{confidence:.0%} interval", "to compare"), rows, right=(1, 2)),
        "Figures of trades come from the trade blotter. Figures of signals also count those that were selected but "
        f"never bought. Target before stop: {won_text(result)}. Precision, recall, lift and AUC are of the label: "
        f"{label_text(result)}.", "",
        *adding_up_lines(blotter, result),
        "`rules` is the same account run by the rules' scores: same capital, costs, exits and way of selecting.", "",
        *([f"**The account: {cell(verdict)}**", ""] if verdict else []),
    ]


def _trade_rows(blotter: Blotter, facts: SectionFigures, confidence: float) -> list[tuple[str, str, str, str]]:
    def wilson(part: int) -> str:
        return interval_text(*(wilson_interval(part, blotter.closed, confidence) or (None, None)))

    hurdles = hurdles_text(facts)
    return [
        ("Win rate: closed trades that reached the target", share_text(blotter.reached_target, blotter.closed),
         wilson(blotter.reached_target), hurdles),
        ("Trades that earned money after costs", share_text(blotter.earning, blotter.closed), wilson(blotter.earning),
         ""),
        ("Average gain", _mean(blotter.mean_gain, blotter.mean_gain_dollars), "", ""),
        ("Average loss", _mean(blotter.mean_loss, blotter.mean_loss_dollars), "", ""),
        ("Net P&L", dollars(blotter.net_pnl), "", ""),
        ("Return on stakes", "no closed trade" if math.isnan(blotter.return_on_stakes) else
         f"{signed_percent(blotter.return_on_stakes)} on {dollars(blotter.stakes)} staked", "", ""),
        ("Profit factor", profit_factor_text(blotter), "", ""),
    ]


def profit_factor_text(blotter: Blotter) -> str:
    """Return gross profit over gross loss, and what an infinite or undefined one means."""
    if math.isnan(blotter.profit_factor):
        return "no closed trade earned or lost"
    return "infinite: no trade lost" if math.isinf(blotter.profit_factor) else number(blotter.profit_factor)


def _mean(fraction: float, amount: float) -> str:
    return "no such trade" if math.isnan(fraction) else f"{signed_percent(fraction)} ({dollars(amount)})"


def _account_rows(sheet: FigureSheet) -> list[tuple[str, str, str, str]]:
    names = (("Return on the account", "total_return"), ("Sharpe ratio, per year", "sharpe_ratio"),
             ("Maximum drawdown", "max_drawdown"))
    return [(title, sheet.text(name), sheet.interval(name),
             f"rules {sheet.text(f'baseline_{name}')}" if sheet.value(f"baseline_{name}") is not None else "")
            for title, name in names]


def _signal_rows(facts: SectionFigures) -> list[tuple[str, str, str, str]]:
    def days(value: object) -> str:
        return f"{number(value)} days"

    resolved = (f"{facts.count('n_resolved'):,} selected signals resolved, {facts.count('n_censored'):,} censored")
    rows = [
        ("Selected signals: target before stop", facts.text("win_rate"), facts.interval("win_rate"), resolved),
        ("Selected signals: touched the target", facts.text("touch_rate"), "", "the stop left out of account"),
        ("Precision: selected signals with a positive label", facts.text("precision"), facts.interval("precision"),
         f"base rate of all signals {facts.text('base_rate')}"),
        ("Recall: share of all positive labels selected", facts.text("recall"), facts.interval("recall"), ""),
        ("Lift: precision over base rate", facts.text("lift", number), facts.interval("lift", number),
         "1.00 is no better than chance"),
        ("AUC of the scores, within months", facts.text("auc", precise), facts.interval("auc", precise),
         "0.500 is no better than chance"),
        ("Brier score", facts.text("brier", precise), "",
         f"skill over the base rate {facts.text('brier_skill', precise)}"),
        ("Average days to target", facts.text("days_to_target", days), "", ""),
        ("Days to recover from the maximum drawdown", facts.text("recovery_days", days), "", ""),
        ("Longest losing run", facts.text("longest_losing_run", lambda value: f"{int(value):,} trades"), "", ""),
    ]
    return [row for row in rows if row[1] != "not computed"]


def adding_up_lines(blotter: Blotter, result: RunResult) -> list[str]:
    """Return the sum that a reader can check, and every figure that does not follow from the blotter."""
    if not blotter.closed:
        return ["No trade was closed: there is nothing to add up.", ""]
    wrong = disagreements(result)
    if wrong:
        return ["**It does not add up; trust no figure of this report:**", "",
                *(f"- {cell(fault)}" for fault in wrong), ""]
    parts = [f"{blotter.earning:,} earning x {_cents(blotter.mean_gain_dollars)}" if blotter.earning else "",
             f"- {blotter.losing:,} losing x {_cents(-blotter.mean_loss_dollars)}" if blotter.losing else ""]
    text = f"It adds up: {' '.join(filter(None, parts)) or 'nothing'} = {_cents(blotter.net_pnl)} net P&L"
    if not blotter.open_trades:
        return [f"{text}, the change of the account.", ""]
    return [f"{text}; with {_cents(blotter.open_pnl)} of {blotter.open_trades:,} still open, at the last close, the "
            f"account changed by {_cents(blotter.net_pnl + blotter.open_pnl)}.", ""]


def _cents(amount: float) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def trade_lines(result: RunResult, files: Sequence[str]) -> list[str]:
    """Return the best, the worst and all trades; a long table ends with a pointer to the blotter's file."""
    trades = with_conviction(closed_trades(result.trades), result.signals)
    still = with_conviction(result.trades[result.trades["status"] != "closed"], result.signals)
    lines = ["## Trades", "", f"{len(trades):,} closed, {len(still):,} open at the end.", ""]
    if len(trades) > 2 * EXTREMES_SHOWN:
        lines += [f"### Best {EXTREMES_SHOWN}", "", *trade_table(trades.head(EXTREMES_SHOWN)),
                  f"### Worst {EXTREMES_SHOWN}", "", *trade_table(trades.tail(EXTREMES_SHOWN).iloc[::-1])]
    everything = pd.concat([trades, still]).sort_values(["entry_session", "trade_id"])
    if everything.empty:
        return lines
    lines += ["### All, by entry", "", *trade_table(everything.head(TRADES_SHOWN))]
    if len(everything) > TRADES_SHOWN:
        place = next((f"[{name.rpartition('/')[2]}]({name})" for name in files
                      if is_file_of("trade_blotter", name)), "the trade blotter")
        lines += [f"And {len(everything) - TRADES_SHOWN:,} more: see {place}.", ""]
    return lines


def trade_table(trades: pd.DataFrame) -> list[str]:
    """Return trades as a table: ticker, entry, exit, why, P&L, conviction."""
    rows = [(row.ticker, f"{row.entry_session:%Y-%m-%d}", price(row.entry_price),
             "open" if pd.isna(row.exit_session) else f"{row.exit_session:%Y-%m-%d}",
             "" if is_missing(row.exit_price) else price(row.exit_price),
             "" if pd.isna(row.exit_reason) else str(row.exit_reason).replace("_", " "),
             dollars(row.entry_price * abs(row.size)), dollars(row.net_pnl),
             "" if is_missing(row.result) else signed_percent(row.result),
             "" if is_missing(row.conviction) else f"{row.conviction:.0f}",
             "" if is_missing(row.probability) else percent(row.probability))
            for row in trades.rename(columns={"return": "result"}).itertuples()]
    header = ("ticker", "entry", "price", "exit", "price", "why", "stake", "net P&L", "return", "conviction",
              "ML probability")
    return table(header, rows, right=(2, 4, 6, 7, 8, 9, 10))
