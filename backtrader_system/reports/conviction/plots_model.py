"""The charts of scenarios, months and features."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import MONTHLY, AutoDateLocator
from matplotlib.figure import Figure

from backtrader_system.reports.conviction.facts import group_title, scenario_text, table_of
from backtrader_system.reports.conviction.importance import FEATURES_SHOWN, feature_words, strongest
from backtrader_system.reports.conviction.plots import INTERVAL, interval_lengths
from backtrader_system.reports.figure_style import (
    BASELINE,
    LOSS,
    MUTED,
    STRATEGY,
    dress,
    house_style,
    legend_above,
    new_figure,
    thousands,
)
from backtrader_system.reports.plots import percent, signed
from backtrader_system.reports.result import RunResult

# Okabe and Ito (2008) without yellow, which is faint on white; a second round is dashed.
LINE_COLOURS = (STRATEGY, BASELINE, "#009E73", LOSS, "#CC79A7", "#56B4E9", "#000000")
NAMED_MONTHS = 9
ROOMY_MONTHS = 24       # more of them leave no room for words


def scenarios_figure(result: RunResult) -> Figure:
    """Draw the win rate of every scenario with its interval beside the base rate, and the equity of each."""
    with house_style():
        everything, panels = table_of(result, "scenarios"), _curve_panels(result)
        # Sizes are tried on the same signals: their win rates would be one point, drawn several times.
        scenarios = everything[everything["group"] != "sizing"]
        scenarios = everything if scenarios.empty else scenarios
        rows = -(-len(panels) // 2)
        tall = 1.2 + 0.34 * len(scenarios)
        figure = new_figure(_scenario_title(everything, result), corner=result.corner, height=tall + 0.8 + 3.1 * rows)
        if not panels:
            _win_rates(figure.subplots(), scenarios, result)
            return figure
        upper, lower = figure.subfigures(2, 1, height_ratios=(tall, 3.1 * rows))
        _win_rates(upper.subplots(), scenarios, result)
        columns = min(len(panels), 2)
        places = lower.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for axes, (title, curves) in zip(places, panels.items(), strict=False):
            _curves(axes, title, curves, result)
        for axes in places[len(panels):]:
            axes.remove()
        for axes in places[1::2]:
            axes.set_ylabel("")
        lower.supxlabel("session", fontsize="medium")
        return figure


def _curve_panels(result: RunResult) -> dict[str, pd.DataFrame]:
    """Return the equity of the scenarios by group, so that no panel holds more lines than an eye can follow."""
    curves, scenarios = table_of(result, "scenario_equity"), table_of(result, "scenarios")
    if curves.empty:
        return {}
    group = curves["scenario"].map(dict(zip(scenarios["scenario"], scenarios["group"], strict=True))).fillna("other")
    titles = {name: group_title(name) for name in dict.fromkeys(group)}
    return {title: curves[group == name] for name, title in titles.items()}


def _scenario_title(scenarios: pd.DataFrame, result: RunResult) -> str:
    known = scenarios.dropna(subset=["total_return"])
    if known.empty:
        return "Scenarios: no account could be run"
    best, worst = (known.loc[getattr(known["total_return"], which)()] for which in ("idxmax", "idxmin"))
    low, high = (f"{signed(row['total_return'] * 100)} % ({scenario_text(row['scenario'], result)})"
                 for row in (worst, best))
    return f"Scenarios: accounts from {low} to {high}"


def _win_rates(axes: Axes, scenarios: pd.DataFrame, result: RunResult) -> None:
    places = np.arange(len(scenarios))[::-1]
    rate = scenarios["win_rate"].to_numpy(dtype=float) * 100
    confidence = result.settings.evidence.confidence
    axes.errorbar(rate, places, xerr=interval_lengths(scenarios, "win_rate", "win_rate_low", "win_rate_high"),
                  **INTERVAL, label=f"{confidence:.0%} interval")
    axes.plot(rate, places, "o", color=STRATEGY, markersize=7, clip_on=False,
              label="winners among the selected signals")
    base = scenarios["base_rate"].astype(float).mean()
    if not np.isnan(base):
        axes.axvline(float(base) * 100, color=LOSS, linewidth=1.4, linestyle="--",
                     label=f"base rate: all signals, {percent(base)}")
    dress(axes, ylabel="")
    names = [f"{scenario_text(row['scenario'], result)}: {int(row['winners']):,} of {int(row['n_resolved']):,}"
             for row in scenarios.to_dict("records")]
    axes.set_yticks(places, names)
    axes.set_ylim(-0.6, len(scenarios) - 0.4)
    highest = np.nanmax([*(scenarios["win_rate_high"].to_numpy(dtype=float) * 100), base * 100, 5.0])
    axes.set_xlim(0, min(highest * 1.06, 102))
    axes.set_xlabel("selected signals whose target came before the stop (% of those resolved)")
    legend_above(axes)


def _curves(axes: Axes, title: str, curves: pd.DataFrame, result: RunResult) -> None:
    names = list(dict.fromkeys(curves["scenario"]))
    for number, name in enumerate(names):
        curve = curves[curves["scenario"] == name]
        style = "-" if number < len(LINE_COLOURS) else "--"
        # Earlier lines are wider, so that equal curves do not hide each other.
        axes.plot(curve["session"], curve["equity"], style, color=LINE_COLOURS[number % len(LINE_COLOURS)],
                  linewidth=1.4 + 0.7 * (len(names) - 1 - number), label=scenario_text(name, result),
                  marker="o" if len(curve) == 1 else None)
    axes.axhline(result.settings.backtest.initial_capital, color=MUTED, linewidth=0.9, linestyle=":")
    dress(axes, ylabel="equity (dollars)", sessions=curves["session"].sort_values())
    axes.set_xlabel("")
    _few_dates(axes, curves["session"])
    thousands(axes)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=8, borderaxespad=0.2,
                columnspacing=1.0, handlelength=1.5)
    axes.set_title(title, fontsize=10, loc="left", pad=6 + 14 * -(-len(names) // 2))


def _few_dates(axes: Axes, sessions: pd.Series) -> None:
    """Put few dates under a narrow panel; one session keeps the date it has."""
    if sessions.min() == sessions.max():
        return
    locator = AutoDateLocator(minticks=2, maxticks=5)
    # Without longer steps it finds none for two years, and warns.
    locator.intervald[MONTHLY] = [1, 2, 3, 6, 12, 24]
    axes.xaxis.set_major_locator(locator)


def walk_forward_figure(result: RunResult) -> Figure:
    """Draw for each test month the winners among its selected signals, the base rate, and the mean net return."""
    with house_style():
        folds = table_of(result, "walk_forward").reset_index(drop=True)
        known = folds.dropna(subset=["win_rate"])
        figure = new_figure(_fold_title(known, folds), corner=result.corner, height=6.6)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _monthly_win_rates(upper, folds, known, result)
        _monthly_returns(lower, folds)
        step = max(1, -(-len(folds) // NAMED_MONTHS))
        lower.set_xticks(folds.index[::step], folds["fold"].astype(str)[::step])
        lower.set_xlim(-0.7, len(folds) - 0.3)
        lower.set_xlabel("test month; the model of a month learned from earlier months only")
        return figure


def _fold_title(known: pd.DataFrame, folds: pd.DataFrame) -> str:
    plural = "" if len(folds) == 1 else "s"
    rate = known["win_rate"].astype(float)
    spread = f" (standard deviation {rate.std(ddof=1) * 100:.1f} points)" if len(rate) > 1 else ""
    return (f"Walk-forward over {len(folds):,} test month{plural}: win rate of selected signals {percent(rate.mean())} "
            f"on average{spread}")


def _monthly_win_rates(axes: Axes, folds: pd.DataFrame, known: pd.DataFrame, result: RunResult) -> None:
    places, rate = known.index.to_numpy(), known["win_rate"].to_numpy(dtype=float) * 100
    axes.errorbar(places, rate, yerr=interval_lengths(known, "win_rate", "low", "high"), **INTERVAL,
                  label=f"{result.settings.evidence.confidence:.0%} interval (Wilson)")
    axes.plot(places, rate, "o", color=STRATEGY, markersize=7, clip_on=False, zorder=3,
              label="winners among selected signals")
    axes.plot(folds.index, folds["base_rate"].to_numpy(dtype=float) * 100, "_", color=LOSS, markersize=16,
              markeredgewidth=2.2, label="base rate: all signals of the month")
    axes.axhline(rate.mean(), color=STRATEGY, linewidth=1.0, linestyle="--", label="mean of the months")
    is_roomy = len(folds) <= ROOMY_MONTHS
    for place, row in known.iterrows():
        counts = f"{int(row['winners'])}{' of ' if is_roomy else '/'}{int(row['n_selected'])}"
        axes.annotate(counts, (place, row["high"] * 100), xytext=(0, 3), textcoords="offset points", ha="center",
                      va="bottom", fontsize=8 if is_roomy else 7, rotation=0 if is_roomy else 90)
    dress(axes, ylabel="target before stop (%)")
    axes.set_ylim(0, max(5.0, *(known["high"] * 100), *(folds["base_rate"].fillna(0) * 100)) * 1.12)
    legend_above(axes, columns=2)


def _monthly_returns(axes: Axes, folds: pd.DataFrame) -> None:
    net = folds["mean_net_return"].to_numpy(dtype=float) * 100
    axes.bar(folds.index, np.nan_to_num(net), width=0.6, alpha=0.8, color=np.where(net < 0, LOSS, STRATEGY))
    for place in folds.index[np.isnan(net)] if len(folds) <= ROOMY_MONTHS else ():
        axes.annotate("none", (place, 0), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8,
                      color=MUTED)
    axes.axhline(0, color="black", linewidth=0.9)
    dress(axes, ylabel="mean net return of\nselected signals (%)")


def importance_figure(result: RunResult) -> Figure:
    """Draw the mean size of each feature's contribution among winners and among losers, strongest first."""
    with house_style():
        importance = table_of(result, "importance")
        top = strongest(importance, FEATURES_SHOWN)
        words = feature_words(top)
        figure = new_figure(
            f"Which features moved the model: the strongest {len(top)} of {len(importance)}, first \"{words[0]}\"",
            corner=result.corner, height=1.8 + 0.36 * len(top))
        axes = figure.subplots()
        places = np.arange(len(top))[::-1]
        axes.barh(places + 0.2, top["winners"], height=0.38, color=STRATEGY, label="in signals that became winners")
        axes.barh(places - 0.2, top["losers"], height=0.38, color=BASELINE, label="in signals that did not")
        dress(axes, ylabel="")
        axes.set_yticks(places, words)
        axes.set_ylim(-0.7, len(top) - 0.3)
        axes.set_xlabel("mean size of the feature's contribution to a signal's score (log-odds, before calibration)")
        legend_above(axes)
        return figure
