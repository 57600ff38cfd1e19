"""The charts of the weight search and of the recovery factor."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backtrader_system.reports.figure_style import (
    LOSS,
    MUTED,
    STRATEGY,
    dress,
    house_style,
    legend_above,
    new_figure,
)
from backtrader_system.reports.puts.facts import FACTOR_NAMES, factor_name, facts_of, plain_points, table_of
from backtrader_system.reports.puts.recovery_blocks import ANY_DAYS, DEFINITIONS, WHOLE_RANGE
from backtrader_system.reports.result import RunResult

COLORS = {"causal": STRATEGY, "whole_life": LOSS}
PROOF_BIN = "50-60%"
MARKERS = "os^Dvp"
FACTOR_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")


def weight_surface_figure(result: RunResult) -> Figure:
    """Draw the best train AUC by the weight of each factor, and over the pair of factors that moves it most."""
    with house_style():
        surface = table_of(result, "weight_surface")
        single, pairs = surface[surface["factor_b"].fillna("") == ""], surface[surface["factor_b"].fillna("") != ""]
        spread = surface["best_auc"].max() - single["best_auc"].min()
        figure = new_figure(f"Weights: the best train AUC moves by {spread:.3f} with the weight of a single factor",
                            corner=result.corner)
        left, right = figure.subplots(1, 2)
        _factor_lines(left, single)
        _pair_map(right, pairs)
        handles, names = left.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower left", ncols=2, frameon=False, fontsize=9)
        return figure


def _factor_lines(axes: Axes, single: pd.DataFrame) -> None:
    dress(axes, ylabel="best AUC on the train part")
    for factor, color, marker in zip(FACTOR_NAMES, FACTOR_COLORS, MARKERS, strict=True):
        part = single[single["factor_a"] == factor].sort_values("weight_a")
        if len(part):
            axes.plot(part["weight_a"], part["best_auc"], color=color, marker=marker, markersize=5, linewidth=1.4,
                      label=factor_name(factor))
    axes.set_xlabel("weight of the factor (%), the others at their best")


def _pair_map(axes: Axes, pairs: pd.DataFrame) -> None:
    """Draw the best AUC over two weights as colours; no pair is searched where only one factor has data."""
    if pairs.empty:
        axes.axis("off")
        return
    first, second = pairs.groupby(["factor_a", "factor_b"])["best_auc"].std().idxmax()
    chosen = pairs[(pairs["factor_a"] == first) & (pairs["factor_b"] == second)]
    grid = chosen.pivot(index="weight_b", columns="weight_a", values="best_auc")
    values = grid.to_numpy(dtype=float)
    # The corners hold one vector each; an extreme one must not take all the colours.
    image = axes.imshow(values, origin="lower", cmap="viridis", aspect="auto", vmin=np.nanquantile(values, 0.05))
    axes.figure.colorbar(image, ax=axes, label="best AUC on the train part")
    axes.set_xticks(range(0, grid.shape[1], 2), [f"{weight:g}" for weight in grid.columns[::2]])
    axes.set_yticks(range(0, grid.shape[0], 2), [f"{weight:g}" for weight in grid.index[::2]])
    axes.set_xlabel(f"weight of {factor_name(first)} (%)")
    axes.set_ylabel(f"weight of {factor_name(second)} (%)")


def recovery_figure(result: RunResult) -> Figure:
    """Draw the advantage of recovery candidates by probability bin, known in time and by whole-life peaks."""
    with house_style():
        comparison = _at_threshold(result)
        bins = [name for name in dict.fromkeys(comparison["probability_bin"]) if name != WHOLE_RANGE]
        all_days = comparison[comparison["days_to_expiry_bin"] == ANY_DAYS]
        facts = facts_of(result)
        figure = new_figure(_recovery_title(facts.value("recovery_advantage_causal"),
                                            facts.value("recovery_advantage_whole_life")), corner=result.corner)
        axes = figure.subplots()
        for shift, name in zip((-0.2, 0.2), DEFINITIONS, strict=True):
            part = all_days[all_days["definition"] == name].set_index("probability_bin").reindex([*bins, WHOLE_RANGE])
            values = part["advantage"].to_numpy(dtype=float) * 100
            places = np.arange(len(part)) + shift
            axes.bar(places, values, width=0.38, color=COLORS[name], alpha=0.8, label=f"peak {DEFINITIONS[name]}")
            for place, value, expiries in zip(places, values, part["candidate_expiries"], strict=True):
                if np.isfinite(value):
                    axes.annotate(f"{value:+.1f}\n{expiries:.0f} dates", (place, value),
                                  xytext=(0, 3 if value >= 0 else -3), textcoords="offset points", ha="center",
                                  va="bottom" if value >= 0 else "top", fontsize=8)
        axes.axhline(0, color=MUTED, linewidth=0.9)
        dress(axes, ylabel="worthless rate of candidates minus that of all (points)")
        axes.set_xticks(range(len(bins) + 1), [*bins, f"{WHOLE_RANGE}\nbins mixed"])
        axes.set_xlabel("current probability of worthless expiry; at the bars: points, expiry dates behind them")
        low, high = axes.get_ylim()
        room = 0.15 * (high - low)      # for the words beyond the bars
        axes.set_ylim(low - room if (all_days["advantage"] < 0).any() else low, high + room)
        legend_above(axes)
        return figure


def _recovery_title(causal: object, whole_life: object) -> str:
    if causal is None or whole_life is None:
        return "Recovery advantage: known in time beside the original's"
    return (f"Recovery advantage in the same cells: {plain_points(causal)} points known in time, "
            f"{plain_points(whole_life)} as the original counts")


def recovery_share_figure(result: RunResult) -> Figure:
    """Draw the share of option-days flagged by days to expiry: a peak known in time can only grow towards expiry."""
    with house_style():
        comparison = _at_threshold(result)
        name_of_bin = PROOF_BIN if (comparison["probability_bin"] == PROOF_BIN).any() else WHOLE_RANGE
        is_day_bin = comparison["days_to_expiry_bin"] != ANY_DAYS
        part = comparison[(comparison["probability_bin"] == name_of_bin) & is_day_bin]
        bins = sorted(dict.fromkeys(part["days_to_expiry_bin"]), key=_first_number, reverse=True)
        figure = new_figure(f"Share of option-days flagged as recovery candidates, current probability {name_of_bin}",
                            corner=result.corner)
        axes = figure.subplots()
        for name in DEFINITIONS:
            own = part[part["definition"] == name].set_index("days_to_expiry_bin")
            share = own["share_flagged"].reindex(bins) * 100
            axes.plot(range(len(bins)), share, color=COLORS[name], marker="o", linewidth=1.8,
                      label=f"peak {DEFINITIONS[name]}")
            for place, value in enumerate(share):
                if np.isfinite(value):
                    above = name == "causal"
                    axes.annotate(f"{value:.0f} %", (place, value), xytext=(0, 6 if above else -6), ha="center",
                                  textcoords="offset points", va="bottom" if above else "top", fontsize=9,
                                  color=COLORS[name])
        dress(axes, ylabel="option-days flagged (%)")
        axes.set_xticks(range(len(bins)), bins)
        axes.set_xlabel("calendar days to expiry; expiry comes nearer to the right")
        axes.set_xlim(-0.4, len(bins) - 0.6)
        axes.set_ylim(0, max(5.0, float(part["share_flagged"].max()) * 115))
        legend_above(axes)
        return figure


def _at_threshold(result: RunResult) -> pd.DataFrame:
    """Return the comparison at the run's threshold, or at the nearest there is."""
    comparison = table_of(result, "recovery_comparison")
    distance = (comparison["threshold"] - result.settings.puts.score.peak_threshold).abs()
    return comparison[distance == distance.min()]


def _first_number(days: str) -> float:
    return float(days.rstrip("+").partition("-")[0])
