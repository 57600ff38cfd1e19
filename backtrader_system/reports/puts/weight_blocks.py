"""The part of a put report about the weights: search, stability, what to do, and those learned month by month."""

from __future__ import annotations

import pandas as pd

from backtrader_system.reports.figure_text import generic, precise
from backtrader_system.reports.puts.answers import weights_answer
from backtrader_system.reports.puts.blocks import Block, Heading, Paragraph, cut_table, table
from backtrader_system.reports.puts.charts import chart_blocks
from backtrader_system.reports.puts.facts import (
    FACTOR_NAMES,
    CellText,
    column_rows,
    has_column,
    learned_text,
    shown,
    table_of,
    without_empty,
)
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.section_figures import value_text

ROLES = {"listed": "", "best": "best of the search", "current": "in use", "equal": "equal",
         "shrunk": "part of the way to the best"}
BEST_SHOWN = 10
MONTHS_SHOWN = 24


def weight_blocks(result: RunResult) -> list[Block]:
    """Return the recommendation, the best weights beside those in use, and how stable they are."""
    lead, text = weights_answer(result)
    blocks: list[Block] = [Heading("Should the weights change?"), Paragraph(text, lead=lead)]
    found = table_of(result, "weight_optimization")
    roles = ROLES | {"current": "configured"} if learned_text(result) else ROLES
    if not has_column(found, "rank", "role", *FACTOR_NAMES):
        return [*blocks, *_learned_blocks(result)]
    return [
        *blocks, *chart_blocks(result, "plot_weight_surface.png"),
        Heading(f"The best weights and those {roles['current']}", 3),
        _best_table(found, roles), _table_note(), *_stability_blocks(result), *_learned_blocks(result),
    ]


def _best_and_named(found: pd.DataFrame) -> pd.DataFrame:
    """Return the best vectors, then those with a part to play such as the current weights."""
    ordered = found.sort_values("rank", kind="stable")
    is_listed = ordered["role"] == "listed"
    return pd.concat([ordered[is_listed & (ordered["rank"] > 0)].head(BEST_SHOWN), ordered[~is_listed]])


def _best_table(found: pd.DataFrame, roles: dict[str, str]) -> Block:
    columns: dict[str, CellText] = {
        "rank": lambda row: f"{int(row['rank']):,}" if row["rank"] > 0 else "",
        "weights": lambda row: roles.get(str(row["role"]), str(row["role"])),
        **{words: shown(name, weight) for name, words in FACTOR_NAMES.items()},
        **{f"{part} AUC": shown(f"{part}_auc", precise) for part in ("train", "validation", "test")},
        "test Brier": shown("test_brier", precise), "test return": shown("test_top_return", percent_return),
    }
    rows = _best_and_named(found)
    columns = without_empty(columns, rows)
    right = [number for number, name in enumerate(columns) if name != "weights"]
    return table(list(columns), column_rows(rows, columns), right=right)


def _table_note() -> Block:
    return Paragraph("Weights in percent, rank by the objective on the train part, which the winner was chosen on and "
                     "which flatters it; only the test part was never looked at. The best 1,000 vectors are in "
                     "weight_optimization.csv.")


def _stability_blocks(result: RunResult) -> list[Block]:
    stability = table_of(result, "weight_stability")
    if stability.empty:
        return []
    names = sorted(stability.columns, key=lambda name: name != "fold")
    cells = [[column_text(name, row[name]) for name in names] for row in stability.to_dict("records")]
    return [Heading("Are the best weights the same in every fold?", 3),
            table([header_text(name) for name in names], cells, right=range(len(names))),
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
    return FACTOR_NAMES.get(name, name.replace("_", " ").replace("auc", "AUC").removeprefix("n "))


def column_text(name: str, value: object) -> str:
    """Return a cell by what its column is called: a weight, an AUC, a count, a day."""
    if name in FACTOR_NAMES:
        return value_text(value, weight)
    if name.endswith("auc"):
        return value_text(value, precise)
    if name == "month":
        return value_text(value, lambda day: f"{day:%Y-%m}")
    if name == "is_learned":
        return "yes" if value else "no: too little known"
    return value_text(value, generic)


def weight(value: object) -> str:
    """Return a weight in percent, 16.6667 as `16.7`."""
    return f"{round(float(value), 1):g}"


def percent_return(value: object) -> str:
    """Return a return with its sign: 0.0123 as `+1.23 %`."""
    return f"{float(value) * 100 + 0.0:+.2f} %"
