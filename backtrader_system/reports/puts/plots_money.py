"""The charts of money: premium against what was paid, our options among random portfolios."""

from __future__ import annotations

import numpy as np
import pandas as pd
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
    thousands,
    whole_numbers,
)
from backtrader_system.reports.puts.facts import facts_of, money, rate, table_of
from backtrader_system.reports.puts.seller import monthly_money, seller_of
from backtrader_system.reports.result import RunResult

MOST_TICKS = 12
BINS = 30


def premium_figure(result: RunResult) -> Figure:
    """Draw by month in which puts ended the premium above zero and what was paid below, and the running sum."""
    with house_style():
        months, seller = monthly_money(result.trades), seller_of(result.trades)
        paid = seller.payoffs + seller.buybacks
        puts_net = float(months["net"].sum())
        figure = new_figure(f"Premium {money(seller.premium)} against {money(paid)} paid: puts left {money(puts_net)} "
                            f"after fees; worst month {money(months['net'].min())}", corner=result.corner)
        axes = figure.subplots()
        places = np.arange(len(months))
        axes.bar(places, months["premium"], width=0.8, color=STRATEGY, alpha=0.75, label="premium of puts that ended")
        axes.bar(places, -months["paid"], width=0.8, color=LOSS, alpha=0.75, label="paid at assignment or to buy back")
        axes.plot(places, months["net"].cumsum(), color="black", linewidth=1.6, label="sum left after fees so far",
                  marker="o" if len(months) == 1 else None)
        axes.axhline(0, color=MUTED, linewidth=0.9)
        dress(axes, ylabel="money (currency of the quotes)")
        axes.set_xticks(*month_ticks(months.index))
        axes.set_xlabel("month in which the puts ended")
        axes.set_xlim(-0.7, len(months) - 0.3)
        thousands(axes)
        legend_above(axes)
        return figure


def collateral_figure(result: RunResult) -> Figure:
    """Draw the share of equity that lay aside for puts in percent and, below it, the number of positions."""
    with house_style():
        used, equity = table_of(result, "collateral"), result.equity
        share = used["collateral"] / used["equity"] * 100
        breaches = int(used["is_breach"].sum())
        said = f", above the equity in {breaches:,} sessions" if breaches else ""
        figure = new_figure(f"Collateral: {share.mean():.0f} % of equity lay aside on average, {share.max():.0f} % at "
                            f"most{said}", corner=result.corner)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        upper.fill_between(used["session"], share, 0, color=STRATEGY, alpha=0.25, linewidth=0, step="post")
        upper.step(used["session"], share, where="post", color=STRATEGY, linewidth=1.2, label="collateral of open puts")
        upper.axhline(100, color=MUTED, linewidth=0.9, linestyle=":", label="all equity")
        dress(upper, ylabel="collateral (% of equity)")
        upper.set_ylim(0, max(105.0, share.max() * 1.05))
        legend_above(upper)
        lower.step(equity["session"], equity["positions"], where="post", color=STRATEGY, linewidth=1.2)
        dress(lower, ylabel="positions (number)", sessions=equity["session"])
        lower.set_ylim(0, max(1, equity["positions"].max()) * 1.08)
        whole_numbers(lower)
        return figure


def month_ticks(months: pd.PeriodIndex) -> tuple[list[int], list[str]]:
    """Return places and names of at most a dozen months, evenly spaced.

    Examples
    --------
    >>> month_ticks(pd.period_range("2024-01", periods=2, freq="M"))
    ([0, 1], ['2024-01', '2024-02'])
    """
    step = -(-len(months) // MOST_TICKS)
    places = list(range(0, len(months), step))
    return places, [str(months[place]) for place in places]


def random_portfolios_figure(result: RunResult) -> Figure:
    """Draw how the random portfolios returned, with the options of the best scores marked."""
    with house_style():
        facts = facts_of(result)
        returns = table_of(result, "random_portfolios")["mean_return"].dropna().to_numpy(dtype=float) * 100
        ours = float(facts.value("top_n_return")) * 100
        rank = facts.value("random_rank")
        figure = new_figure(f"Random portfolios: the best scores returned {ours:+.2f} %"
                            + ("" if rank is None else f", more than {rate(rank)} of {len(returns):,} drawn by lot"),
                            corner=result.corner)
        axes = figure.subplots()
        axes.hist(returns, bins=BINS, color=BASELINE, alpha=0.75, edgecolor="white", linewidth=0.5,
                  label=f"{len(returns):,} random portfolios, median {np.median(returns):+.2f} %")
        axes.axvline(ours, color=STRATEGY, linewidth=3, label="options with the best scores")
        axes.axvline(0, color=MUTED, linewidth=0.9, linestyle=":")
        dress(axes, ylabel="random portfolios (number)")
        axes.set_xlabel("mean return on collateral of an option, held to expiry, after fill and fees (%)")
        legend_above(axes)
        return figure
