"""What the command line prints about a put run."""

from __future__ import annotations

from collections.abc import Collection
from textwrap import wrap
from typing import TYPE_CHECKING

from backtrader_system.reports.puts.answers import luck, pays, predicts, trust, weights_answer
from backtrader_system.reports.puts.facts import facts_of, money, rate, source_text, table_of
from backtrader_system.reports.puts.report import head_text
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import OPTION_PRICES, costs_text, simulation_text, universe_text
from backtrader_system.reports.section_figures import interval_text, value_text

if TYPE_CHECKING:
    from backtrader_system.settings.loading import LoadedSettings

WIDTH = 78
WARNINGS_SHOWN = 10


def put_header(loaded: LoadedSettings, market_is_simulated: bool) -> str:
    """Return what is about to run; the first line says what of it is made up."""
    settings = loaded.settings
    puts, test = settings.puts, settings.backtest
    simulated = [part for part, is_so in (("market", market_is_simulated), (OPTION_PRICES, puts.source == "synthetic"))
                 if is_so]
    period = "that of the quotes" if test.start_date is None else f"{test.start_date} to {test.end_date}"
    place = puts.chain or puts.collected
    lines = [f"{simulation_text(simulated)}."] if simulated else []
    lines += [
        f"Backtest:         {loaded.name}" + (f" ({loaded.path})" if loaded.path else ""),
        f"Puts:             {source_text(settings)}" + (f" ({place})" if place else ""),
        f"Period:           {period}",
        f"Underlyings:      {universe_text(settings)}",
        f"Sells:            the best {puts.selling.top_n} of each decision by score",
        f"Initial Capital:  {money(test.initial_capital)}",
        f"Costs:            {costs_text(settings)}",
    ]
    return "\n".join(lines + [f"Warning: {warning}" for warning in loaded.warnings]) + "\n"


def put_summary(result: RunResult, already_shown: Collection[str] = ()) -> str:
    """Return the answers of the report's first page and the hit rates by score as plain text.

    already_shown : warnings that the reader has seen, as those of the header.
    """
    head = f"BACKTEST RESULTS: put recommendations, {result.name}"
    notice = simulation_text(result.simulated_parts)
    lines = [
        head, "=" * min(max(len(head), 40), WIDTH), *(wrap(f"{notice}.", WIDTH) if notice else []),
        *wrap(head_text(result), WIDTH),
        *_section("DOES THE SCORE PREDICT WORTHLESS EXPIRY?", predicts(result)),
        *_table(result),
        *_section("DOES SELLING THESE PUTS PAY?", pays(result)),
        *_section("WAS IT LUCK?", luck(result)),
        *_section("SHOULD THE WEIGHTS CHANGE?", weights_answer(result)),
        *_section("HOW FAR CAN THIS BE TRUSTED?", trust(result)),
        *_ending(result, already_shown),
    ]
    return "\n".join(lines)


def _section(title: str, answer: tuple[str, str]) -> list[str]:
    lead, text = answer
    return ["", title, "-" * len(title), *wrap(f"{lead} {text}", WIDTH)]


def _table(result: RunResult) -> list[str]:
    """Return hit rates by score as the owner's document shows them, with intervals and dates."""
    rates = table_of(result, "hit_rate_analysis")
    if rates.empty or not facts_of(result).count("n_options"):
        return []
    chosen = rates[rates["analysis"] == "score_bucket"].to_dict("records")
    rows = [(f"Score {row['bucket']}:", value_text(row["hit_rate"], rate) or "-",
             f"(n={int(row['options']):,}, {int(row['expiries']):,} dates"
             + (f", {interval}" if (interval := interval_text(row.get("low"), row.get("high"), rate)) else "") + ")")
            for row in chosen]
    width = max((len(name) for name, _, _ in rows), default=0)
    return ["", *(f"{name:<{width}}  {share:>7}  {beside}" for name, share, beside in rows)]


def _ending(result: RunResult, already_shown: Collection[str]) -> list[str]:
    warnings = [warning for warning in result.warnings if warning not in already_shown]
    lines = [f"Warning: {warning}" for warning in warnings[:WARNINGS_SHOWN]]
    if len(warnings) > WARNINGS_SHOWN:
        lines.append(f"... and {len(warnings) - WARNINGS_SHOWN} more warnings, see report.md")
    place = f"Report: {result.folder / 'backtest_report.pdf'}" if result.folder else "Results are not saved."
    return [*(["", *lines] if lines else []), "", place]
