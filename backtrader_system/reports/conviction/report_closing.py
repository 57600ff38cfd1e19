"""The parts of a conviction report about what to make of it: features, flags, conclusion, exclusions, assumptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from backtrader_system.reports.conviction.facts import (
    facts_of,
    flags_of,
    is_file_of,
    label_text,
    selection_text,
    table_of,
)
from backtrader_system.reports.conviction.importance import FEATURES_SHOWN, feature_words, strongest
from backtrader_system.reports.figure_text import percent, precise
from backtrader_system.reports.markdown_table import bullets, cell, table
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import costs_text
from backtrader_system.reports.section_figures import value_text

EXCLUDED_SHOWN = 5
FEATURE_MODES = {"point_in_time": "missing values stay missing and are flagged",
                 "compat": "as the original computed them, with optimistic defaults for what is missing"}
FLAG_WORDS = {"red": "Red flag", "green": "Green flag"}


def importance_lines(result: RunResult, charts: Callable[[str], list[str]]) -> list[str]:
    """Return the strongest features among winners and losers."""
    importance = table_of(result, "importance")
    lines = ["## Features in winners and losers", "", *charts("plot_importance.png")]
    if importance.empty:
        return [*lines, "No contributions were computed.", ""]
    top = strongest(importance, FEATURES_SHOWN)
    rows = [(words, str(row["group"]), *(value_text(row[name], form) for name, form in (
        ("winners", precise), ("losers", precise), ("winners_signed", _signed), ("losers_signed", _signed))))
            for words, row in zip(feature_words(top), top.to_dict("records"), strict=True)]
    header = ("feature", "group", "size in winners", "size in losers", "direction in winners", "direction in losers")
    rest = len(importance) - len(top)
    more = f" The other {rest:,} are in the importance table." if rest else ""
    return [*lines, *table(header, rows, right=(2, 3, 4, 5)),
            "Mean contribution of a feature to the model's score: its size, and with its sign (above zero: towards "
            f"winner). What moves the model need not be what moves prices.{more}", ""]


def flag_lines(result: RunResult) -> list[str]:
    """Return the flags that are raised, red ones first, then those that are not or cannot be told."""
    raised, others = flags_of(result), flags_of(result, is_raised=False)
    lines = ["## Flags", "", *(f"- **{FLAG_WORDS[str(flag['kind'])]}:** {cell(flag['text'])}" for flag in raised)]
    lines += [""] if raised else ["None is raised.", ""]
    if others:
        lines += ["Not raised, or not to be told from this sample:", "",
                  *(f"- {FLAG_WORDS[str(flag['kind'])].lower()}: {cell(flag['text'])}" for flag in others), ""]
    return lines


def conclusion_lines(result: RunResult) -> list[str]:
    """Return the conclusion."""
    texts = facts_of(result).section.get("conclusion") or ()
    return ["## Conclusion", "", *([f"- {cell(text)}" for text in texts] or ["- None is drawn."]), ""]


def excluded_lines(result: RunResult, files: Sequence[str]) -> list[str]:
    """Return what was excluded and why, grouped by rule; nothing is left out silently."""
    excluded, facts = table_of(result, "excluded"), facts_of(result)
    lines = ["## Excluded signals", ""]
    if excluded.empty:
        return [*lines, f"{facts.count('n_excluded') or 'None'} of {facts.count('n_signals'):,} signals excluded.", ""]
    place = next((f"[{name.rpartition('/')[2]}]({name})" for name in files if is_file_of("excluded", name)),
                 "the table of excluded signals")
    lines += [f"{len(excluded):,} left out of every result, by rule:", ""]
    for rule, part in excluded.groupby("rule", sort=True):
        advice = part["advice"].dropna()
        todo = f"; {cell(str(advice.iloc[0]).rstrip('.'))}" if len(advice) and advice.iloc[0] else ""
        lines += [f"**{cell(str(rule).replace('_', ' '))}**: {len(part):,}{todo}.", "", *_excluded_names(part, place)]
    return lines


def _excluded_names(part: pd.DataFrame, place: str) -> list[str]:
    items = [" ".join(str(value) for value in (row.ticker, f"({row.signal_id})", row.value)
                      if not pd.isna(value) and str(value)) for row in part.itertuples()]
    return bullets(items, shown=EXCLUDED_SHOWN, more=f"all are in {place}")


def assumption_lines(result: RunResult) -> list[str]:
    """Return what the figures rest on."""
    settings, facts = result.settings, facts_of(result)
    conviction, exits = settings.conviction, settings.strategy.exits
    stop = "none" if exits.stop_loss_fraction is None else percent(exits.stop_loss_fraction)
    target = "none" if exits.take_profit_fraction is None else percent(exits.take_profit_fraction)
    unstamped = ("count as known when the signal was posted" if conviction.unstamped == "signal_time"
                 else "count as missing")
    items = [
        f"Selection: {selection_text(result)}.",
        "Decision: at the close of the first session after the signal was known; filled at the next bar's open.",
        f"Exits: stop {stop} below, target {target} above the entry price. A bar that touches both counts as stopped; "
        "a gap fills at the open.",
        f"The label that models learn, and precision, recall and lift count: {label_text(result)}. Signals whose "
        f"{conviction.label_days} days are not over are censored, neither won nor lost.",
        f"Costs: {costs_text(settings)}.",
        f"Liquidity: signals below {conviction.liquidity_floor_dollars:,.0f} dollars of mean daily volume before the "
        "decision, or of liquidity on their exchange where that is known, are scored and not bought.",
        f"Fields without a time of their own {unstamped}.",
        f"Features: {FEATURE_MODES[conviction.features]}.",
    ]
    cold, inside = facts.value("cold_start_share"), facts.value("in_sample_signals")
    items += [f"Cold start: {percent(cold)} of the scores come from a model of synthetic signals."] if cold else []
    if inside:
        items.append(f"In sample: {int(inside):,} signals that the model may have learned from are left out of every "
                     "result.")
    return ["## Assumptions", "", *bullets(items, shown=len(items), more="")]


def _signed(value: object) -> str:
    return f"{float(value) + 0.0:+.3f}"
