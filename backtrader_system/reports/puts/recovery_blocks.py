"""The part of a put report about the recovery factor: peaks known in time beside the original's whole-life peaks."""

from __future__ import annotations

import pandas as pd

from backtrader_system.reports.figure_text import count
from backtrader_system.reports.puts.blocks import Block, Heading, Paragraph, table
from backtrader_system.reports.puts.charts import chart_blocks
from backtrader_system.reports.puts.facts import (
    CellText,
    column_rows,
    facts_of,
    has_column,
    plain_points,
    points,
    rate,
    shown,
    table_of,
    with_interval,
)
from backtrader_system.reports.result import RunResult

WHOLE_RANGE, ANY_DAYS = "50-90%", "all"
DEFINITIONS = {"causal": "known in time", "whole_life": "of the whole life"}
WHY = (
    "A recovery candidate is an option whose probability of worthless expiry was once at or above a threshold and "
    "is now lower. The original takes the highest probability of the option's whole life, days after today "
    "included: an option that will drift to safety reaches a high probability later and is flagged today. The share "
    "flagged shows it: long before expiry few options can have been above the threshold already, and by the original's "
    "count most have. Where its share even falls as expiry comes nearer, no highest value known in time could do so, "
    "for that can only grow. The original also reads its rates from the very period they are then tested on. "
    "Known in time: the peak lies strictly before the day, rates come from "
    "contracts that expired strictly before it.")


def recovery_blocks(result: RunResult) -> list[Block]:
    """Return the recovery advantage by both definitions, why the original's looks ahead, and the cells."""
    comparison, facts = table_of(result, "recovery_comparison"), facts_of(result)
    blocks: list[Block] = [Heading("Recovery advantage: known in time against the original")]
    if not has_column(comparison, "definition", "threshold", "advantage"):
        return [*blocks, Paragraph("Not compared: without a history of probabilities there is no candidate.")]
    text = facts.value("recovery_text")
    in_time, whole = (with_interval(facts, f"recovery_advantage_{name}", points) for name in DEFINITIONS)
    headline = Paragraph(str(text) if text is not None else
                         f"Advantage in the same bins of probability and days: {in_time} known in time, {whole} as the "
                         "original counts.")
    return [
        *blocks, headline, *chart_blocks(result, "plot_recovery.png"), _threshold_table(comparison),
        Paragraph("Option-days with a current probability of 50 to below 90 %, all days to expiry. Days of one option "
                  "are near copies: the expiries count. Advantage in percentage points of worthless rate over all "
                  "option-days, as the original has it. The sentence above the chart compares within bins of "
                  "probability and days to expiry, like with like; this table and the bars of the chart do not: "
                  "candidates have other probabilities and days than all option-days, and that mixing is in their "
                  "advantage."),
        Heading("Why the original looks ahead", 3), Paragraph(WHY), *chart_blocks(result, "plot_recovery_share.png"),
        *_cell_table(result, comparison),
    ]


def _threshold_table(comparison: pd.DataFrame) -> Block:
    whole = of_all_days(comparison, WHOLE_RANGE)
    columns: dict[str, CellText] = {
        "peak": lambda row: DEFINITIONS.get(str(row["definition"]), str(row["definition"])),
        "threshold": lambda row: f"{row['threshold']:.0%}", "option-days": shown("option_days", count),
        "candidates": shown("candidates", count), "contracts": shown("candidate_contracts", count),
        "expiries": shown("candidate_expiries", count), "share flagged": shown("share_flagged", rate),
        "worthless": shown("worthless_rate", rate), "all": shown("all_rate", rate), "others": shown("other_rate", rate),
        "advantage": shown("advantage", plain_points), "over others": shown("advantage_over_others", plain_points),
    }
    ordered = whole.sort_values(["threshold", "definition"], kind="stable")
    return table(list(columns), column_rows(ordered, columns), right=range(1, len(columns)))


def _cell_table(result: RunResult, comparison: pd.DataFrame) -> list[Block]:
    """Return both definitions side by side at the run's threshold, bin by bin."""
    threshold = result.settings.puts.score.peak_threshold
    chosen = comparison[(comparison["threshold"] - threshold).abs() < 1e-9]
    chosen = chosen[(chosen["probability_bin"] != WHOLE_RANGE) & (chosen["days_to_expiry_bin"] != ANY_DAYS)]
    keys = ["probability_bin", "days_to_expiry_bin"]
    halves = [chosen[chosen["definition"] == name].set_index(keys)[["candidates", "share_flagged", "worthless_rate",
                                                                    "advantage"]] for name in DEFINITIONS]
    order = pd.MultiIndex.from_frame(chosen[keys].drop_duplicates())
    both = halves[0].join(halves[1], how="outer", lsuffix="_causal", rsuffix="_life").reindex(order).reset_index()
    both = both[(both["candidates_causal"] > 0) | (both["candidates_life"] > 0)]
    if both.empty:
        return []
    columns: dict[str, CellText] = {
        "probability": shown("probability_bin", str), "days": shown("days_to_expiry_bin", str)}
    for end, words in (("causal", "in time"), ("life", "whole life")):
        columns |= {f"candidates, {words}": shown(f"candidates_{end}", count),
                    f"share flagged, {words}": shown(f"share_flagged_{end}", rate),
                    f"worthless, {words}": shown(f"worthless_rate_{end}", rate),
                    f"advantage, {words}": shown(f"advantage_{end}", plain_points)}
    return [Heading(f"Bin by bin at the threshold of {threshold:.0%}", 3),
            table(list(columns), column_rows(both, columns), right=range(2, len(columns)))]


def of_all_days(comparison: pd.DataFrame, probability_bin: str) -> pd.DataFrame:
    """Return the rows of one probability bin over all days to expiry."""
    is_chosen = (comparison["probability_bin"] == probability_bin) & (comparison["days_to_expiry_bin"] == ANY_DAYS)
    return comparison[is_chosen]
