"""What a trade at a random time in the same market would have done: the baseline of every win rate."""

from __future__ import annotations

import numpy as np

from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.trades.outcomes import signal_outcomes
from backtrader_system.systems.conviction.ideas import Ideas, barrier_rules, is_mature
from backtrader_system.systems.conviction.sources import IdeaSources

MOST_ENTRIES = 50_000


def random_entries(sources: IdeaSources, ideas: Ideas, settings: Settings) -> dict[str, float | int | None]:
    """Return win rate and mean net return of entries at every session of the symbols that had signals.

    Same bars, exits and costs as the signals, between the first and the last decision; every session of every such
    symbol, thinned evenly to 50,000. Unlike the formula without skill it knows drift, gaps and the time limit.
    """
    bars = sources.market.bars
    columns = np.unique(ideas.column)
    within = np.arange(ideas.row.min(), ideas.row.max() + 1)
    row, place = np.nonzero(bars.has_bar[np.ix_(within, columns)])
    step = -(-len(row) // MOST_ENTRIES)
    row, column = within[row[::step]], columns[place[::step]]
    outcomes = signal_outcomes(bars, row, column, barrier_rules(settings), outcome_days=(1,),
                               label_days=settings.conviction.label_days)
    mature = is_mature(outcomes, bars, column, settings)
    won, net = (outcomes[name].to_numpy(dtype=float)[mature] for name in ("won", "net_return"))
    known = np.isfinite(won)
    return {
        "random_entries": int(known.sum()),
        "random_hit_rate": float(won[known].mean()) if known.any() else None,
        "random_net_return": float(net[known].mean()) if known.any() else None,
    }
