"""The charts of the score: hit rates, outcomes by score, reliability, factors."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backtrader_system.reports.figure_style import (
    BASELINE,
    LOSS,
    MUTED,
    STRATEGY,
    dress,
    house_style,
    legend_above,
    new_figure,
)
from backtrader_system.reports.puts.charts import FEWEST_DRAWN
from backtrader_system.reports.puts.facts import (
    confidence_text,
    factor_name,
    facts_of,
    method_name,
    plural,
    rate,
    table_of,
)
from backtrader_system.reports.result import RunResult

GREEN = "#009E73"
INTERVAL = {"fmt": "none", "ecolor": "#222222", "elinewidth": 1.2, "capsize": 4}
SCORE_BINS = np.arange(0.0, 101.0, 5.0)
METHOD_STYLES = (("score", STRATEGY, "o"), ("probability", BASELINE, "s"), ("market_probability", GREEN, "^"))


def hit_rate_figure(result: RunResult) -> Figure:
    """Draw the share of worthless options by score bucket, lowest left, with intervals, counts and break-even rates."""
    with house_style():
        rates = table_of(result, "hit_rate_analysis")
        known = rates[(rates["analysis"] == "score_bucket") & rates["hit_rate"].notna()].iloc[::-1]
        facts = facts_of(result)
        figure = new_figure(_hit_rate_title(known), corner=result.corner)
        axes = figure.subplots()
        places, rates_percent = np.arange(len(known)), known["hit_rate"].to_numpy(dtype=float) * 100
        axes.bar(places, rates_percent, width=0.6, color=STRATEGY, alpha=0.75, label="expired worthless")
        has_interval = known["low"].notna().to_numpy()
        if has_interval.any():
            lengths = interval_lengths(known[has_interval], "hit_rate", "low", "high")
            axes.errorbar(places[has_interval], rates_percent[has_interval], yerr=lengths, **INTERVAL,
                          label=f"{confidence_text(result)} interval by expiry date")
        _mark_break_even(axes, places, known)
        base = facts.value("base_rate")
        if base is not None:
            axes.axhline(float(base) * 100, color=LOSS, linewidth=1.4, linestyle="--",
                         label=f"all options, {rate(base)}")
        dress(axes, ylabel="options that expired worthless (%)")
        axes.set_xticks(places, [_bucket_label(row) for row in known.to_dict("records")])
        n_options, n_priced = int(known["options"].sum()), int(known["priced"].sum())
        axes.set_xlabel("score on the day of the judgement (0 to 100); below it worthless of all, those with a bid, "
                        f"expiry dates; {n_options - n_priced:,} of {n_options:,} had no bid")
        axes.set_xlim(-0.6, len(known) - 0.4)
        axes.set_ylim(0, 104)
        legend_above(axes, columns=2)
        return figure


def _mark_break_even(axes: Axes, places: np.ndarray, known: pd.DataFrame) -> None:
    """Mark the rate that pays for the losses, and beside it the rate of the options that could be sold."""
    for name, marker, color, words in (
            ("priced_hit_rate", "o", "white", "worthless of those with a bid"),
            ("break_even_rate", "D", BASELINE, "needed of these to break even")):
        if known[name].notna().any():
            axes.plot(places, known[name].to_numpy(dtype=float) * 100, marker, color=color, markeredgecolor="black",
                      markersize=7, label=words, zorder=4)


def _bucket_label(row: dict[str, object]) -> str:
    counts = f"{int(row['worthless']):,} of {int(row['options']):,}"
    return f"{row['bucket']}\n{counts}\n{int(row['priced']):,} with a bid\n{plural(int(row['expiries']), 'date')}"


def _hit_rate_title(known: pd.DataFrame) -> str:
    enough = known[known["options"] >= FEWEST_DRAWN]
    if len(enough) < 2:
        share = known["worthless"].sum() / known["options"].sum()
        return f"Hit rate by score: too few options in most buckets; of all {rate(share)} expired worthless"
    first, last = enough.iloc[0], enough.iloc[-1]
    return (f"Hit rate by score: {rate(last['hit_rate'])} at {last['bucket']}, {rate(first['hit_rate'])} at "
            f"{first['bucket']}")


def score_outcome_figure(result: RunResult) -> Figure:
    """Draw how the scores of worthless and of assigned options are spread."""
    with house_style():
        rows = table_of(result, "evidence_rows")
        rows = rows[rows["score"].notna() & rows["worthless"].notna()]
        parts = {name: rows.loc[rows["worthless"] == value, "score"].to_numpy(dtype=float)
                 for name, value in (("expired worthless", 1.0), ("assigned", 0.0))}
        medians = ", ".join(f"{name} {np.median(scores):.1f}" for name, scores in parts.items() if len(scores))
        figure = new_figure(f"Scores by outcome: median {medians}", corner=result.corner)
        axes = figure.subplots()
        for (name, scores), color in zip(parts.items(), (STRATEGY, LOSS), strict=True):
            if not len(scores):
                continue
            share = np.histogram(scores, SCORE_BINS)[0] / len(scores) * 100
            axes.stairs(share, SCORE_BINS, fill=True, color=color, alpha=0.25)
            axes.stairs(share, SCORE_BINS, color=color, linewidth=1.8, label=f"{name}: {plural(len(scores), 'option')}")
            axes.axvline(float(np.median(scores)), color=color, linewidth=1.2, linestyle="--")
        dress(axes, ylabel="share of the options of this outcome (%)")
        axes.set_xlabel("score on the day of the judgement (0 to 100); dashed: median")
        axes.set_xlim(0, 100)
        legend_above(axes)
        return figure


def reliability_figure(result: RunResult) -> Figure:
    """Draw predicted against actual worthless rates of score, probability and market; the diagonal is perfect."""
    with house_style():
        table = table_of(result, "reliability")
        table = table[table["actual"].notna() & (table["n"] >= FEWEST_DRAWN)]
        facts = facts_of(result)
        names = (("score", "brier"), ("market", "market_brier"))
        briers = [f"{words} {float(facts.value(key)):.3f}" for words, key in names if facts.value(key) is not None]
        title = "Reliability: is a stated 80 % worth 80 %?"
        figure = new_figure(f"{title} Brier score: {', '.join(briers)}" if briers else title, corner=result.corner)
        axes = figure.subplots()
        axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1.0, linestyle=":", label="predicted = actual")
        for shift, (method, color, marker) in zip((-0.5, 0.0, 0.5), METHOD_STYLES, strict=True):
            part = table[table["method"] == method].sort_values("predicted")
            if part.empty:
                continue
            axes.errorbar(part["predicted"] * 100 + shift, part["actual"] * 100,
                          yerr=interval_lengths(part, "actual", "low", "high"), color=color, marker=marker,
                          markersize=6, linewidth=1.4, elinewidth=1.0, capsize=3, label=method_name(method))
        dress(axes, ylabel="options that expired worthless (%)")
        axes.set_xlabel("predicted (%); bins of 10 options or more, their intervals by expiry date; half a point apart")
        axes.set_xlim(0, 102)
        axes.set_ylim(0, 104)
        legend_above(axes, columns=2)
        return figure


def factors_figure(result: RunResult) -> Figure:
    """Draw the AUC of each factor alone with its interval, strongest above; 0.5 is chance."""
    with house_style():
        table = table_of(result, "factor_importance")
        known = table[table["auc"].notna()].sort_values("auc", kind="stable")
        names = [_factor_label(row) for row in known.to_dict("records")]
        found = int((known["predictive"] == "yes").sum()) if "predictive" in known else 0
        figure = new_figure(f"Factors alone: {found} of {len(known)} tested tell worthless from assigned",
                            corner=result.corner, height=2.0 + 0.5 * len(known))
        axes = figure.subplots()
        places, auc = np.arange(len(known)), known["auc"].to_numpy(dtype=float)
        colors = [_factor_color(row) for row in known.to_dict("records")]
        axes.hlines(places, 0.5, auc, color=colors, linewidth=5, alpha=0.5)
        axes.errorbar(auc, places, xerr=interval_lengths(known, "auc", "auc_low", "auc_high") / 100, **INTERVAL)
        axes.scatter(auc, places, color=colors, s=60, zorder=3, label="_all options")
        axes.scatter(known["auc_within_expiry"].to_numpy(dtype=float), places, facecolor="white", edgecolor="black",
                     marker="D", s=36, zorder=4, label="within an expiry date")
        axes.axvline(0.5, color=MUTED, linewidth=1.1, linestyle="--")
        _name_colors(axes, colors)
        dress(axes, ylabel="")
        axes.set_yticks(places, names)
        axes.set_ylim(-0.6, len(known) - 0.4)
        axes.set_xlabel("AUC of the factor alone: dot of all options, diamond within an expiry date; 0.5 (dashed) is "
                        "chance")
        return figure


def _factor_label(row: dict[str, object]) -> str:
    weight, coverage = row.get("weight"), row.get("coverage")
    parts = [f"weight {float(weight):g}" if weight is not None and np.isfinite(float(weight)) else "",
             f"known for {float(coverage):.0%}" if coverage is not None and np.isfinite(float(coverage)) else ""]
    return f"{factor_name(row['factor'])}\n{', '.join(filter(None, parts))}"


_FACTOR_COLORS = {"yes": (STRATEGY, "predicts"), "no": (LOSS, "does not predict"),
                  "not enough evidence": (MUTED, "not enough evidence")}


def _factor_color(row: dict[str, object]) -> str:
    return _FACTOR_COLORS.get(str(row.get("predictive")), (MUTED, ""))[0]


def _name_colors(axes: Axes, colors: list[str]) -> None:
    for color, words in _FACTOR_COLORS.values():
        if color in colors:
            axes.scatter([], [], color=color, s=60, label=words)
    legend_above(axes)


def interval_lengths(table: pd.DataFrame, middle: str, low: str, high: str) -> np.ndarray:
    """Return the lengths of intervals below and above their middle, in percent, as error bars want them."""
    centre = table[middle].to_numpy(dtype=float)
    if low not in table or high not in table:
        return np.zeros((2, len(table)))
    ends = [centre - table[low].to_numpy(dtype=float), table[high].to_numpy(dtype=float) - centre]
    return np.nan_to_num(np.clip(ends, 0, None)) * 100
