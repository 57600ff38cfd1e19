"""The plots of a run: equity, drawdown, monthly returns, exposure.

Each function takes the equity table (session, equity, return, drawdown, gross_exposure, net_exposure, positions) and
returns a Matplotlib Figure; none touches pyplot, so notebooks and threads keep their own state. `corner` is the small
text that says which run is seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

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
    whole_numbers,
)

LOG_SCALE_FROM = 4.0       # highest over lowest equity; above it equal percentages need equal distances
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_GAIN_LOSS = LinearSegmentedColormap.from_list("loss_to_gain", [LOSS, "#FFFFFF", STRATEGY])


def equity_figure(
    equity: pd.DataFrame, baseline: pd.DataFrame, *, corner: str, baseline_name: str = "buy and hold",
    currency: str = "dollars",
) -> Figure:
    """Draw the account's value in its currency beside the baseline's; the gap to the highest value so far is shaded."""
    with house_style():
        value = equity["equity"]
        capital = initial_capital(equity)
        title = f"Equity: strategy {_total(equity)}"
        title += f", baseline ({baseline_name}) {_total(baseline)}" if len(baseline) else ""
        figure = new_figure(f"{title}, {period_text(equity['session'])}", corner=corner)
        axes = figure.subplots()
        peak = np.maximum.accumulate(np.maximum(value.to_numpy(dtype=float), capital))
        axes.fill_between(equity["session"], value, peak, color=LOSS, alpha=0.18, linewidth=0,
                          label="drawdown: below the highest equity so far")
        _line(axes, equity["session"], value, STRATEGY, "strategy")
        if len(baseline):
            _line(axes, baseline["session"], baseline["equity"], BASELINE, f"baseline: {baseline_name}", width=1.4)
        axes.axhline(capital, color=MUTED, linewidth=0.9, linestyle=":", label="initial capital")
        dress(axes, ylabel=f"equity ({currency})", sessions=equity["session"])
        _choose_scale(axes, np.concatenate([value, baseline["equity"] if len(baseline) else value]))
        thousands(axes)
        legend_above(axes)
        return figure


def drawdown_figure(
    equity: pd.DataFrame, baseline: pd.DataFrame, *, corner: str, baseline_name: str = "buy and hold"
) -> Figure:
    """Draw the distance below the highest equity so far, in percent, with the deepest point named."""
    with house_style():
        depth = equity["drawdown"] * 100
        figure = new_figure(
            f"Drawdown: at worst {percent(depth.min() / 100)} below the highest equity so far, "
            f"{period_text(equity['session'])}", corner=corner)
        axes = figure.subplots()
        axes.fill_between(equity["session"], depth, 0, color=STRATEGY, alpha=0.25, linewidth=0)
        _line(axes, equity["session"], depth, STRATEGY, "strategy")
        if len(baseline):
            _line(axes, baseline["session"], baseline["drawdown"] * 100, BASELINE, f"baseline: {baseline_name}",
                  width=1.2)
        axes.axhline(0, color=MUTED, linewidth=0.9)
        dress(axes, ylabel="below the highest equity so far (%)", sessions=equity["session"])
        lowest = min([0.0, depth.min(), *(baseline["drawdown"] * 100)])
        axes.set_ylim(min(lowest * 1.2, -1.0), max(-lowest * 0.04, 0.1))
        _name_worst(axes, equity)
        legend_above(axes)
        return figure


def monthly_returns(equity: pd.DataFrame) -> pd.DataFrame:
    """Return the compounded return of each calendar month, years down, months 1 to 12 across, NaN without sessions.

    The first and last month count the sessions the run has of them. A last column `year` compounds the year.
    """
    growth = 1 + equity["return"].fillna(0.0)
    session = equity["session"].dt
    monthly = growth.groupby([session.year, session.month]).prod().unstack() - 1
    table = monthly.reindex(columns=range(1, 13))
    table["year"] = growth.groupby(session.year).prod() - 1
    table.index.name, table.columns.name = "year", None
    return table


def monthly_returns_figure(equity: pd.DataFrame, *, corner: str) -> Figure:
    """Draw the monthly returns in percent as a table coloured from loss to gain, with the total of each year."""
    with house_style():
        table = monthly_returns(equity) * 100
        figure = new_figure(f"Monthly returns in percent, {period_text(equity['session'])}",
                            corner=corner, height=1.7 + 0.42 * len(table))
        axes = figure.subplots()
        months = table[list(range(1, 13))].to_numpy(dtype=float)
        limit = max(1.0, np.nanmax(np.abs(months)))
        norm = TwoSlopeNorm(0.0, -limit, limit)
        grid = np.hstack([months, np.full((len(table), 1), np.nan)])      # the total has no colour: another scale
        axes.set_facecolor("#EFEFEF")     # months without a session
        axes.axvspan(11.5, 12.5, color="white", linewidth=0)
        image = axes.imshow(grid, cmap=_GAIN_LOSS, norm=norm, aspect="auto")
        figure.colorbar(image, ax=axes, label="month's return (%)", fraction=0.03, pad=0.01)
        for row, values in enumerate(table.to_numpy(dtype=float)):
            for column in np.flatnonzero(np.isfinite(values)):
                is_total = column == 12
                is_dark = not is_total and _is_dark(_GAIN_LOSS(norm(values[column])))
                axes.text(column, row, signed(values[column]), ha="center", va="center", fontsize=9,
                          color="white" if is_dark else "black", fontweight="bold" if is_total else "normal")
        axes.set_xticks(range(13), [*MONTHS, "year"])
        axes.set_yticks(range(len(table)), [str(year) for year in table.index])
        axes.set_xlabel("calendar month; the first and the last hold only the sessions of the run")
        axes.set_ylabel("year")
        axes.tick_params(length=0)
        axes.axvline(11.5, color=MUTED, linewidth=1)
        axes.spines[:].set_visible(False)
        return figure


def exposure_figure(equity: pd.DataFrame, *, corner: str) -> Figure:
    """Draw the invested share of the equity in percent and, below it, the number of positions."""
    with house_style():
        gross, net = equity["gross_exposure"] * 100, equity["net_exposure"] * 100
        figure = new_figure(
            f"Exposure: {gross.mean():.0f} % of equity invested on average, "
            f"{equity['positions'].mean():.1f} positions, {period_text(equity['session'])}", corner=corner)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        upper.fill_between(equity["session"], gross, 0, color=STRATEGY, alpha=0.25, linewidth=0)
        _line(upper, equity["session"], gross, STRATEGY, "gross: sum of all positions", width=1.2)
        if not np.allclose(gross, net, equal_nan=True):      # only with short positions
            _line(upper, equity["session"], net, LOSS, "net: long minus short", width=1.2)
        upper.axhline(100, color=MUTED, linewidth=0.9, linestyle=":", label="all equity invested")
        dress(upper, ylabel="exposure (% of equity)")
        upper.set_ylim(min(0.0, net.min() * 1.05), max(105.0, gross.max() * 1.05))
        legend_above(upper)
        lower.step(equity["session"], equity["positions"], where="post", color=STRATEGY, linewidth=1.2)
        dress(lower, ylabel="positions (number)", sessions=equity["session"])
        lower.set_ylim(0, max(1, equity["positions"].max()) * 1.08)
        whole_numbers(lower)
        return figure


def initial_capital(equity: pd.DataFrame) -> float:
    """Return the dollars before the first session, from its equity and return."""
    first = equity.iloc[0]
    return float(first["equity"] / (1 + (first["return"] if np.isfinite(first["return"]) else 0.0)))


def period_text(sessions: pd.Series) -> str:
    """Return first and last session and their number, as `2024-01-02 to 2024-12-31 (252 sessions)`."""
    count = f"{len(sessions):,} session{'s' if len(sessions) != 1 else ''}"
    return f"{sessions.iloc[0]:%Y-%m-%d} to {sessions.iloc[-1]:%Y-%m-%d} ({count})"


def percent(fraction: float) -> str:
    """Return a fraction as percent without a sign, one decimal: `0.123` as `12.3 %`."""
    return f"{abs(fraction) * 100:.1f} %"


def signed(number: float) -> str:
    """Return a number with its sign and one decimal; what rounds to zero has no sign."""
    rounded = round(number, 1)
    return f"{rounded:+,.1f}" if rounded else "0.0"


def _total(equity: pd.DataFrame) -> str:
    return f"{signed((equity['equity'].iloc[-1] / initial_capital(equity) - 1) * 100)} %"


def _is_dark(colour: tuple[float, ...]) -> bool:
    """Whether white text reads better on it than black: relative luminance as in WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.18


def _line(axes: Axes, sessions: pd.Series, values: pd.Series, color: str, label: str, *, width: float = 1.7) -> None:
    marker = "o" if len(sessions) == 1 else None      # a line through one point is invisible
    axes.plot(sessions, values, color=color, linewidth=width, label=label, marker=marker)


def _choose_scale(axes: Axes, values: np.ndarray) -> None:
    if values.min() <= 0 or values.max() / values.min() < LOG_SCALE_FROM:
        return
    axes.set_yscale("log")
    axes.set_ylabel(f"{axes.get_ylabel()}, log scale")
    is_wide = values.max() / values.min() > 1_000
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1,) if is_wide else (1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _name_worst(axes: Axes, equity: pd.DataFrame) -> None:
    """Mark the deepest drawdown with its depth, peak, trough and whether it was recovered."""
    drawdown = equity["drawdown"].to_numpy(dtype=float)
    if not len(drawdown) or drawdown.min() >= 0:
        return
    trough = int(drawdown.argmin())
    sessions = equity["session"]
    before = np.flatnonzero(drawdown[:trough] >= 0)
    peak = f"{sessions.iloc[before[-1]]:%Y-%m-%d}" if before.size else "the start"
    after = np.flatnonzero(drawdown[trough:] >= 0)
    end = (f"recovered {sessions.iloc[trough + after[0]]:%Y-%m-%d}" if after.size
           else f"not recovered by {sessions.iloc[-1]:%Y-%m-%d}")
    is_late = trough > len(drawdown) / 2
    axes.plot(sessions.iloc[trough], drawdown[trough] * 100, "o", color=LOSS, markersize=5)
    axes.annotate(
        f"worst: -{percent(drawdown[trough])} on {sessions.iloc[trough]:%Y-%m-%d}\nfrom {peak}, {end}",
        (sessions.iloc[trough], drawdown[trough] * 100),
        # In the free strip below the deepest point of both lines, where the text hides nothing.
        xytext=(sessions.iloc[trough], 0.02), textcoords=axes.get_xaxis_transform(), annotation_clip=False,
        ha="right" if is_late else "left", va="bottom", fontsize=9, color="#8A3A00",
        arrowprops={"arrowstyle": "-", "color": LOSS, "linewidth": 0.8, "relpos": (1 if is_late else 0, 1)})
