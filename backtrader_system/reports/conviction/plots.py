"""The charts of trades and scores: win rate by conviction, distribution of trade returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backtrader_system.metrics.conviction.bands import BANDS
from backtrader_system.reports.conviction.blotter import TARGET, closed_trades
from backtrader_system.reports.conviction.facts import base_rate_of, facts_of, table_of
from backtrader_system.reports.figure_style import (
    BASELINE,
    LOSS,
    MUTED,
    STRATEGY,
    dress,
    house_style,
    legend_above,
    new_figure,
    whole_numbers,
)
from backtrader_system.reports.plots import percent
from backtrader_system.reports.result import RunResult

BINS = 40
FEWEST_OUTCOMES = 10        # of a score that a title may speak of
INTERVAL = {"fmt": "none", "ecolor": "#222222", "elinewidth": 1.2, "capsize": 4}
PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}      # behind text that crosses a line


def win_rate_figure(result: RunResult) -> Figure:
    """Draw the share of winners by score with Wilson intervals and counts, the base rate and what the model said."""
    with house_style():
        bands, facts = table_of(result, "conviction_bands"), facts_of(result)
        known = bands[bands["resolved"] > 0]
        base, confidence = base_rate_of(bands), result.settings.evidence.confidence
        figure = new_figure(_win_rate_title(known, base), corner=result.corner)
        axes = figure.subplots()
        places = known.index.to_numpy()
        rate = known["win_rate"].to_numpy(dtype=float) * 100
        axes.bar(places, rate, width=0.6, color=STRATEGY, alpha=0.75, label="winners: target before stop")
        axes.errorbar(places, rate, yerr=interval_lengths(known, "win_rate", "low", "high"), **INTERVAL,
                      label=f"{confidence:.0%} interval (Wilson)")
        predicted = known["mean_probability"].to_numpy(dtype=float) * 100
        axes.plot(places, predicted, "D", color=BASELINE, markeredgecolor="black", markersize=7,
                  label="mean probability the model stated" if result.settings.conviction.label == "traded"
                  else "mean probability of the label: target touched")
        if base is not None:
            axes.axhline(float(base) * 100, color=LOSS, linewidth=1.4, linestyle="--",
                         label=f"base rate: all signals, {percent(base)}")
        hurdle = facts.value("break_even_hit_rate")
        if hurdle is not None:
            axes.axhline(float(hurdle) * 100, color="black", linewidth=1.2, linestyle=":",
                         label=f"needed to break even after costs, {percent(hurdle)}")
        tops = np.nanmax([known["high"].to_numpy(dtype=float) * 100, predicted], axis=0)
        for place, top, winners, resolved in zip(places, tops, known["winners"], known["resolved"], strict=True):
            axes.annotate(f"{int(winners):,} of {int(resolved):,}", (place, top), xytext=(0, 7),
                          textcoords="offset points", ha="center", va="bottom", fontsize=9, bbox=PAPER)
        for place in bands.index.difference(known.index):
            axes.annotate("no resolved\nsignal", (place, 0), xytext=(0, 4), textcoords="offset points", ha="center",
                          va="bottom", fontsize=9, color=MUTED, bbox=PAPER)
        dress(axes, ylabel="signals whose target came before the stop (%)")
        axes.set_xticks(bands.index, bands["score"].astype(str))
        axes.set_xlabel("conviction: the model's score from 1 to 10")
        axes.set_xlim(-0.6, len(bands) - 0.4)
        axes.set_ylim(0, max(5.0, float(np.nanmax(tops)), float(base or 0) * 100, float(hurdle or 0) * 100) * 1.12)
        legend_above(axes, columns=2)
        return figure


def _win_rate_title(known: pd.DataFrame, base: float) -> str:
    """Return the win rate of the highest score with enough outcomes; one lucky signal is no headline."""
    enough = known[(known["score"] != BANDS[0]) & (known["resolved"] >= FEWEST_OUTCOMES)]
    everything = f"all signals {percent(base)}"
    if enough.empty:
        return ("Win rate by conviction: too few outcomes at any score from 7 on; "
                f"{everything} ({int(known['winners'].sum()):,} of {int(known['resolved'].sum()):,})")
    best = enough.iloc[-1]
    return (f"Win rate by conviction: score {best['score']} won {percent(best['win_rate'])} "
            f"({int(best['winners']):,} of {int(best['resolved']):,}), {everything}")


def returns_figure(result: RunResult) -> Figure:
    """Draw how often closed trades returned how much, after costs, with stop and target marked."""
    with house_style():
        closed = closed_trades(result.trades)
        returns = closed["return"].to_numpy(dtype=float) * 100
        reached = int((closed["exit_reason"] == TARGET).sum())
        plural = "" if len(closed) == 1 else "s"
        figure = new_figure(
            f"Net returns of {len(closed):,} closed trade{plural}: median {np.median(returns):+.1f} %, "
            f"mean {returns.mean():+.1f} %; {int((returns > 0).sum()):,} earned money, {reached:,} reached the target",
            corner=result.corner)
        axes = figure.subplots()
        exits = result.settings.strategy.exits
        counts = _histogram(axes, returns, span=(-(exits.stop_loss_fraction or 0) * 100,
                                                 (exits.take_profit_fraction or 0) * 100))
        _mark_barriers(axes, result, float(counts.max()))
        dress(axes, ylabel="closed trades (number)")
        axes.set_xlabel("return of a trade after slippage and commission (% of its stake)")
        axes.set_ylim(0, counts.max() * 1.32)
        whole_numbers(axes)
        return figure


def _histogram(axes: Axes, returns: np.ndarray, *, span: tuple[float, float]) -> np.ndarray:
    """Draw the bars with their counts over at least `span`, losses and gains in two colours; no bar holds both."""
    low, high = min(returns.min(), span[0]), max(returns.max(), span[1])
    width = max(high - low, 1.0) / BINS
    edges = width * np.arange(np.floor(low / width), np.ceil(high / width) + 1.5)
    counts, _ = np.histogram(returns, edges)
    for is_gain, color, words in ((False, LOSS, "loss"), (True, STRATEGY, "gain")):
        chosen = (edges[:-1] >= -1e-9) == is_gain
        axes.bar(edges[:-1][chosen], counts[chosen], width=width, align="edge", color=color, alpha=0.8,
                 edgecolor="white", linewidth=0.5, label=words)
    for edge, number in zip(edges[:-1], counts, strict=True):
        if number:
            axes.annotate(f"{number:,}", (edge + width / 2, number), xytext=(0, 2), textcoords="offset points",
                          ha="center", va="bottom", fontsize=8)
    axes.axvline(0, color="black", linewidth=0.9)
    return counts


def _mark_barriers(axes: Axes, result: RunResult, top: float) -> None:
    """Mark stop and target before costs, and say why trades lie beside them."""
    exits = result.settings.strategy.exits
    marks = [(exits.stop_loss_fraction, -1, "stop", "left of it: costs,\nand gaps through the stop"),
             (exits.take_profit_fraction, 1, "target", "left of it: costs;\nright: gaps through the target")]
    for fraction, side, name, beside in marks:
        if fraction is None:
            continue
        axes.axvline(side * fraction * 100, color=MUTED, linewidth=1.1, linestyle="--")
        axes.annotate(f"{name} {side * fraction:+.0%}\n{beside}", (side * fraction * 100, top * 1.3),
                      xytext=(-6 if side > 0 else 6, 0), textcoords="offset points",
                      ha="right" if side > 0 else "left", va="top", fontsize=8, color="#333333",
                      bbox=PAPER)


def interval_lengths(table: pd.DataFrame, middle: str, low: str, high: str) -> np.ndarray:
    """Return the lengths of intervals below and above their middle, in percent, as error bars want them."""
    centre = table[middle].to_numpy(dtype=float)
    ends = [centre - table[low].to_numpy(dtype=float), table[high].to_numpy(dtype=float) - centre]
    return np.nan_to_num(np.clip(ends, 0, None)) * 100
