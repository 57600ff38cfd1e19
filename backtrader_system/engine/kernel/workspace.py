"""The memory one simulation works in, made once and used for one setting after the other."""

from __future__ import annotations

import numpy as np

from backtrader_system.engine.kernel.records import ACCOUNT, N_KINDS, ORDER, POSITION, Lists, Log, Market, new_log


def workspace(n_symbols: int) -> tuple[tuple, Lists]:
    """Return the `memory` and the `lists` of `simulation.simulate_settings`."""
    arrays = np.zeros(1, ACCOUNT), np.zeros(n_symbols, POSITION), np.zeros((n_symbols, N_KINDS), ORDER)
    memory = (*arrays, *(array.view(np.uint8).reshape(-1) for array in arrays))
    counts = (n_symbols, 2 * n_symbols, n_symbols, N_KINDS * n_symbols)
    return memory, Lists(*(np.zeros(count, np.int64) for count in counts), np.zeros((2, n_symbols)))


def simulate_range(market: Market, table: np.ndarray, results: np.ndarray, first: int, last: int,
                   log: Log | None = None) -> None:
    """Simulate the settings `first` to `last` (excluded) of `table` and write their figures into `results`."""
    from backtrader_system.engine.kernel.simulation import simulate_settings

    n_sessions, n_symbols = market.bars.shape
    memory, lists = workspace(n_symbols)
    simulate_settings(market, table, first, last, memory, lists, log or new_log(n_sessions), results)
