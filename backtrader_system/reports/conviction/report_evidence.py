"""The parts of a conviction report about evidence: calibration, ML against rules, scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import pandas as pd

from backtrader_system.reports.conviction.facts import (
    SELECTED,
    VERDICTS,
    base_rate_of,
    facts_of,
    group_title,
    hurdles_text,
    label_text,
    scenario_text,
    table_of,
    won_text,
)
from backtrader_system.reports.figure_text import count, dollars, is_missing, number, percent, precise, signed_percent
from backtrader_system.reports.markdown_table import cell, table
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.section_figures import SectionFigures, interval_text, value_text

Row = Mapping[str, object]
CellText = Callable[[Row], str]
SAME_SIGNALS = ["The signals of the strategy, each time the same; only the stake differs. An account without cash buys "
                "fewer of them.", ""]
COLD_START = "cold start: synthetic signals"
SYNTHETIC = "synthetic"     # what a month was trained on that the cold start scored
BEST_OF_MONTH = "best of each month"
SAME_MONTHS = ["Both take the best signals of each month, so that a good month helps both alike; a live trader does "
               "not know the later signals of a month.", ""]
MANY_TRADES = 100_000       # a larger number only says that this many are not enough


def won_of(row: Row) -> str:
    """Return winners of resolved signals with their share."""
    share = value_text(row.get("win_rate"), percent)
    return f"{int(row['winners']):,} of {int(row['n_resolved']):,}" + (f" ({share})" if share else "")


def calibration_lines(result: RunResult, charts: Callable[[str], list[str]]) -> list[str]:
    """Return winners by band of score with intervals, and the chart."""
    bands, facts = table_of(result, "conviction_bands"), facts_of(result)
    lines = ["## Conviction calibration", "", *charts("plot_win_rate_by_conviction.png")]
    if bands.empty:
        return [*lines, "No signal was scored.", ""]
    rows = [(str(row["score"]), count(row["signals"]),
             won_of({**row, "n_resolved": row["resolved"]}) if row["resolved"] else "none resolved",
             interval_text(row["low"], row["high"]), value_text(row["mean_probability"], percent))
            for row in bands.to_dict("records")]
    header = ("score", "signals", "winners of resolved", _interval_title(result), "mean ML probability")
    return [
        *lines, *table(header, rows, right=(1, 2, 3, 4)),
        f"All scored signals, bought or not; {value_text(base_rate_of(bands), percent) or 'none'} of the resolved ones "
        f"won: {won_text(result)}. To compare: {hurdles_text(facts)}. A score is useful if the share of winners rises "
        "with it.",
        *([] if result.settings.conviction.label == "traded" else [
            f"The probability is that of another event, the label the models learn: {label_text(result)}."]), "",
    ]


def comparison_lines(result: RunResult) -> list[str]:
    """Return ML against the rules: both win rates, the difference with its interval, verdict and power."""
    facts = facts_of(result)
    lines = ["## ML vs baseline", ""]
    if facts.value("ml_win_rate") is None and facts.value("rules_win_rate") is None:
        return [*lines, f"Not compared: {facts.text('difference', _points)}.", ""]
    interval = facts.interval("difference", _plain_points)
    confidence = f"{result.settings.evidence.confidence:.0%}"
    clusters = f", {facts.count('clusters'):,} independent clusters" if facts.value("clusters") is not None else ""
    verdict = VERDICTS.get(str(facts.value("comparison_verdict")), facts.text("comparison_verdict", str))
    needed = facts.value("more_trades_needed")
    return [
        *lines,
        f"- **ML model:** {facts.text('ml_win_rate')} win rate",
        f"- **Rule-based:** {facts.text('rules_win_rate')} win rate",
        f"- **Improvement:** {facts.text('difference', _points)}"
        + (f", {confidence} interval {interval}{clusters}" if interval else ""),
        *([f"- **Net return:** {cell(net)}"] if (net := facts.value("net_difference_text")) is not None else []),
        f"- **Verdict:** {cell(verdict)}. {cell(facts.text('comparison_text', str))}",
        *([f"- **More trades needed:** {_needed(needed)} of either"] if needed is not None else []),
        *([f"- **Power:** {cell(facts.value('power_text'))}"] if facts.value("power_text") is not None else []),
        "",
        *_hurdle_lines(facts), "",
    ]


def scenario_lines(result: RunResult, charts: Callable[[str], list[str]]) -> list[str]:
    """Return the tables of the four scenarios."""
    scenarios = table_of(result, "scenarios")
    if scenarios.empty:
        return ["## Scenarios", "", "None was asked for (`conviction.scenarios`).", ""]
    lines = ["## Scenarios", "", *charts("plot_scenarios.png"),
             f"A signal is a winner if {won_text(result)}, whether or not an account could afford it. Every scenario "
             "trades its own account at the same capital and costs.", ""]
    for group in dict.fromkeys(scenarios["group"]):
        rows = scenarios[scenarios["group"] == group].to_dict("records")
        chosen = SAME_SIGNALS if group == "sizing" else _selected_table(rows, result)
        months = SAME_MONTHS if any(row["selection"] == BEST_OF_MONTH for row in rows) else []
        lines += [f"### {group_title(group)}", "", *months, *chosen, *_money_table(rows, result)]
    return lines


def _selected_table(rows: Sequence[Row], result: RunResult) -> list[str]:
    columns: dict[str, CellText] = {
        "scenario": lambda row: scenario_text(str(row["scenario"]), result),
        "selection": lambda row: SELECTED.get(str(row["selection"]), value_text(row["selection"], str)),
        "selected": lambda row: f"{int(row['n_selected']):,} of {int(row['n_signals']):,}",
        "winners of resolved": won_of,
        _interval_title(result): lambda row: interval_text(row["win_rate_low"], row["win_rate_high"]),
        "base rate": lambda row: value_text(row["base_rate"], percent),
        "lift": lambda row: value_text(row["lift"], number),
        "recall": lambda row: value_text(row["recall"], percent),
        "earned money": lambda row: value_text(row["positive_share"], percent),
        "mean net return": lambda row: value_text(row["mean_net_return"], signed_percent),
        "mean gain": lambda row: value_text(row["mean_win"], signed_percent),
        "mean loss": lambda row: value_text(row["mean_loss"], signed_percent),
    }
    return _table(columns, rows, left=2)


def _money_table(rows: Sequence[Row], result: RunResult) -> list[str]:
    columns: dict[str, CellText] = {
        "account of scenario": lambda row: scenario_text(str(row["scenario"]), result),
        "trades closed": lambda row: value_text(row["trades"], count),
        "net P&L": lambda row: value_text(row["net_pnl"], dollars),
        "return on stakes": lambda row: value_text(row["return_on_stakes"], signed_percent),
        "return on the account": lambda row: value_text(row["total_return"], signed_percent),
        "Sharpe ratio": lambda row: value_text(row["sharpe"], number),
        _interval_title(result): lambda row: interval_text(row["sharpe_low"], row["sharpe_high"], number),
        "maximum drawdown": lambda row: value_text(row["max_drawdown"], percent),
        "profit factor": lambda row: "no trade lost" if is_missing(row["profit_factor"]) and row["trades"]
        else value_text(row["profit_factor"], number),
    }
    return _table(columns, rows, left=1)


def _table(columns: Mapping[str, CellText], rows: Sequence[Row], *, left: int) -> list[str]:
    return table(list(columns), [[text(row) for text in columns.values()] for row in rows],
                 right=range(left, len(columns)))


def walk_forward_lines(result: RunResult, charts: Callable[[str], list[str]]) -> list[str]:
    """Return the months of the walk-forward, their mean and spread, and the stitched account."""
    folds = table_of(result, "walk_forward")
    if folds.empty:
        return ["## Walk-forward", "", "Not run: no month could be trained and tested, or it was not asked for.", ""]
    columns: dict[str, CellText] = {
        "test month": lambda row: str(row["fold"]),
        "trained on": lambda row: COLD_START if row["trained_on"] == SYNTHETIC else str(row["trained_on"]),
        "training signals": lambda row: f"{count(row['n_train'])} ({count(row['train_winners'])} winners)",
        "test signals": lambda row: f"{count(row['n_test'])} ({count(row['n_resolved'])} resolved)",
        "base rate": lambda row: value_text(row["base_rate"], percent),
        "AUC": lambda row: value_text(row["auc"], precise),
        "Brier score": lambda row: value_text(row["brier"], precise),
        "selected": lambda row: count(row["n_selected"]),
        "winners": lambda row: count(row["winners"]) + (f" ({text})" if (text := value_text(row["win_rate"], percent))
                                                         else ""),
        _interval_title(result): lambda row: interval_text(row["low"], row["high"]),
        "mean net return": lambda row: value_text(row["mean_net_return"], signed_percent),
    }
    months = _table(columns, folds.to_dict("records"), left=2)
    return ["## Walk-forward", "", *charts("plot_walk_forward.png"), *months, *_month_summary(folds),
            *_stitched(result)]


def _month_summary(folds: pd.DataFrame) -> list[str]:
    forms = (("win_rate", "win rate of selected signals", percent), ("auc", "AUC", precise),
             ("mean_net_return", "mean net return", signed_percent))
    parts = {"": folds}
    if folds["trained_on"].eq(SYNTHETIC).any():
        parts[", without months of the cold start"] = folds[folds["trained_on"] != SYNTHETIC]
    rows = []
    for (name, words, form), (which, part) in product(forms, parts.items()):
        known = part[name].dropna().astype(float)
        if len(known):
            spread = form(known.std(ddof=1)).removeprefix("+") if len(known) > 1 else "one month has no spread"
            rows.append((words + which, form(known.mean()), spread, form(known.min()), form(known.max()),
                         f"{len(known):,}"))
    header = ("over the test months", "mean", "standard deviation", "worst", "best", "months")
    return table(header, rows, right=(1, 2, 3, 4, 5)) if rows else ["No month has a figure.", ""]


def _stitched(result: RunResult) -> list[str]:
    """Return the account over all test months in one: its growth and deepest fall."""
    curves = table_of(result, "scenario_equity")
    is_own = facts_of(result).value("score_source") == "walk-forward"
    equity = result.equity["equity"] if is_own else (
        curves.loc[curves["scenario"] == "walk_forward", "equity"] if len(curves) else pd.Series(dtype=float))
    if equity.empty:
        return []
    capital = result.settings.backtest.initial_capital
    peak = equity.cummax().clip(lower=capital)
    return ["All test months in one account, every score given by a model of earlier months only: "
            f"{signed_percent(equity.iloc[-1] / capital - 1)}, maximum drawdown {percent(-(equity / peak - 1).min())}.",
            ""]


def ablation_lines(result: RunResult) -> list[str]:
    """Return what the model loses without each group of features."""
    ablation = table_of(result, "ablation")
    if ablation.empty:
        return []
    columns: dict[str, CellText] = {
        "left out": lambda row: str(row["group"]).replace("_", " "),
        "AUC with all": lambda row: value_text(row["auc_full"], precise),
        "AUC without": lambda row: value_text(row["auc_without"], precise),
        "difference": lambda row: value_text(row["difference"], _signed_precise),
        _interval_title(result): lambda row: interval_text(row["low"], row["high"], _signed_precise),
        "says": _says,
    }
    rows = [[text(row) for text in columns.values()] for row in ablation.to_dict("records")]
    return ["## Ablation: which features matter", "",
            "Each group of features is left out, the model trained anew and tested on later months. Above zero: it was "
            "worse without them.", "", *table(list(columns), rows, right=(1, 2, 3, 4))]


def _needed(trades: object) -> str:
    return f"more than {count(MANY_TRADES)}" if int(trades) > MANY_TRADES else count(trades)


def _says(row: Row) -> str:
    if is_missing(row["low"]) or is_missing(row["high"]):
        return "no interval"
    return "helps" if row["low"] > 0 else "harms" if row["high"] < 0 else "not to be told from nothing"


def _interval_title(result: RunResult) -> str:
    return f"{result.settings.evidence.confidence:.0%} interval"


def _plain_points(fraction: object) -> str:
    return f"{float(fraction) * 100 + 0.0:+.1f}"


def _points(fraction: object) -> str:
    return f"{_plain_points(fraction)} percentage points"


def _signed_precise(value: object) -> str:
    return f"{float(value) + 0.0:+.3f}"


def _hurdle_lines(facts: SectionFigures) -> list[str]:
    """Return what the hurdles of a win rate are, each with what it leaves out."""
    text = (f"Hit rate without any skill at these barriers: {facts.text('zero_skill_hit_rate')}, needed to break even "
            f"after costs: {facts.text('break_even_hit_rate')}; both for a price without drift that ends at one of "
            "them, so a time limit lowers the two.")
    if facts.value("random_hit_rate") is not None:
        text += (f" On these very bars, {facts.count('random_entries'):,} entries at any session of the same symbols "
                 f"won {facts.text('random_hit_rate')} and made {facts.text('random_net_return', signed_percent)} each "
                 "after costs.")
    return [text]
