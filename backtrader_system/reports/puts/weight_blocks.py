"""The part of a put report about the weights: search, stability, what to do, and those learned month by month."""

from __future__ import annotations

import pandas as pd

from backtrader_system.reports.figure_text import count, generic, precise
from backtrader_system.reports.puts.answers import weights_answer
from backtrader_system.reports.puts.blocks import Block, Heading, Paragraph, cut_table, table
from backtrader_system.reports.puts.charts import chart_blocks
from backtrader_system.reports.puts.facts import FACTOR_NAMES, has_column, table_of
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.section_figures import value_text

BEST_SHOWN = 10
MONTHS_SHOWN = 24


def weight_blocks(result: RunResult) -> list[Block]:
    """Return the recommendation, the best weights beside those in use, and how stable they are."""
    lead, text = weights_answer(result)
    blocks: list[Block] = [Heading("Should the weights change?"), Paragraph(text, lead=lead)]
    found = table_of(result, "weight_optimization")
    if not has_column(found, *FACTOR_NAMES):
        return [*blocks, *_learned_blocks(result)]
    return [
        *blocks, *chart_blocks(result, "plot_weight_surface.png"), Heading("The best weights and those in use", 3),
        *_weight_table(_best_and_named(found)), _table_note(), *_stability_blocks(result), *_learned_blocks(result),
    ]


def _best_and_named(found: pd.DataFrame) -> pd.DataFrame:
    """Return the best rows, and those with a name of their own such as the current weights."""
    ordered = found.sort_values("rank", kind="stable") if "rank" in found else found
    if "weights" not in found:
        return ordered.head(BEST_SHOWN)
    is_named = ordered["weights"].astype(str).ne("searched") & ordered["weights"].astype(str).ne("")
    return pd.concat([ordered[~is_named].head(BEST_SHOWN), ordered[is_named]])


def _weight_table(rows: pd.DataFrame) -> list[Block]:
    names = list(rows.columns)
    cells = [[column_text(name, row[name]) for name in names] for row in rows.to_dict("records")]
    right = [number for number, name in enumerate(names) if pd.api.types.is_numeric_dtype(rows[name])]
    return [table([header_text(name) for name in names], cells, right=right)]


def _table_note() -> Block:
    return Paragraph("Weights in percent. AUC on the train part is what the search maximised and flatters the winner; "
                     "only the test part was never looked at. All vectors searched are in weight_optimization.csv (the "
                     "best 1,000 with those in use and equal ones).")


def _stability_blocks(result: RunResult) -> list[Block]:
    stability = table_of(result, "weight_stability")
    if stability.empty:
        return []
    return [Heading("Are the best weights the same in every fold?", 3), *_weight_table(stability),
            Paragraph("Each fold chooses on its own earlier expiry dates and is tested on later ones. Weights that "
                      "jump from fold to fold are luck.")]


def _learned_blocks(result: RunResult) -> list[Block]:
    learned = table_of(result, "learned_weights")
    if learned.empty:
        return []
    names = list(learned.columns)
    cells = [[column_text(name, row[name]) for name in names] for row in learned.to_dict("records")]
    return [Heading("Weights learned before each month", 3),
            *cut_table([header_text(name) for name in names], cells, shown=MONTHS_SHOWN,
                       more="the table learned_weights among the files", right=range(1, len(names)))]


def header_text(name: str) -> str:
    """Return a column's name in words."""
    return FACTOR_NAMES.get(name, name.replace("_", " ").replace("auc", "AUC").replace("brier", "Brier"))


def column_text(name: str, value: object) -> str:
    """Return a cell by what its column is called: a weight, a score in [0, 1], a return, a count."""
    if name in FACTOR_NAMES:
        return value_text(value, lambda weight: f"{float(weight):g}")
    if any(part in name for part in ("auc", "brier")):
        return value_text(value, precise)
    if "return" in name:
        return value_text(value, lambda part: f"{float(part) * 100:+.2f} %")
    if name in ("rank", "fold") or name.startswith("n_"):
        return value_text(value, count)
    return value_text(value, generic)
