"""One account that trades chosen ideas through the event engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.engine.backtest import Ledgers, run_backtest
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.selection import Selection
from backtrader_system.signals.scored import ScoredPanel
from backtrader_system.systems.conviction.ideas import Ideas

ANOTHER = "another signal on this symbol and session ranks higher"


@dataclass(frozen=True, slots=True)
class AccountMarket:
    """What every account of a run trades on: bars from the first session on, their closes and known lines.

    first_row : row of the ideas' bars at which these begin.
    """

    bars: BarPanel
    closes: pd.DatetimeIndex
    known: Mapping[str, np.ndarray]
    first_row: int


@dataclass(frozen=True, slots=True)
class AccountRun:
    """The ledgers of one account and which idea stood behind each signal it saw.

    shown : idea number of every buy signal (one per symbol and session). panel, known : signals and further lines as
        the engine saw them.
    """

    ledgers: Ledgers
    shown: np.ndarray
    panel: ScoredPanel
    known: Mapping[str, np.ndarray]


def trade_ideas(
    market: AccountMarket, ideas: Ideas, selection: Selection, strength: np.ndarray, probability: np.ndarray,
    settings: Settings, *, size_factor: np.ndarray | None = None,
) -> AccountRun:
    """Return the account that buys the selected ideas.

    strength : in [0, 1], orders simultaneous ideas. probability : in [0, 1], NaN without one.
    size_factor : multiple of the usual stake per idea; None: 1 for all.
    """
    shown = _shown(ideas, selection, strength)
    row, column = ideas.row[shown] - market.first_row, ideas.column[shown]
    panel = _panel(market, row, column, strength[shown], probability[shown])
    known = dict(market.known)
    if size_factor is not None:
        factor = np.ones(market.bars.shape)
        factor[row, column] = size_factor[shown]
        known["size_factor"] = factor
    return AccountRun(run_backtest(market.bars, panel, settings, known=known), shown, panel, known)


def fates(run: AccountRun, ideas: Ideas, selection: Selection) -> tuple[np.ndarray, np.ndarray]:
    """Return which ideas the account bought (bool), and why not for every other (text)."""
    orders = run.ledgers.orders
    buys = orders[(orders["side"] == "buy") & (orders["order_type"] == "market")]
    sent = set(zip(buys["session"][buys["status"] == "submitted"], buys["symbol"][buys["status"] == "submitted"],
                   strict=True))
    filled = set(buys.loc[buys["status"].isin(("filled", "partly_filled")), "order_id"])
    first = buys[buys["status"] == "submitted"]
    bought_at = {key for key, order in zip(zip(first["session"], first["symbol"], strict=True), first["order_id"],
                                           strict=True) if order in filled}
    ends = buys[buys["status"].isin(("rejected", "cancelled", "expired", "pending_at_end"))].set_index("order_id")
    why_unfilled = {key: str(ends["reason"].get(order, "")) for key, order in
                    zip(zip(first["session"], first["symbol"], strict=True), first["order_id"], strict=True)}
    skipped = run.ledgers.skipped
    why = dict(zip(zip(skipped["session"], skipped["symbol"], strict=True), skipped["reason"], strict=True))
    is_shown = np.zeros(len(ideas.table), dtype=bool)
    is_shown[run.shown] = True
    bought, reason = np.zeros(len(is_shown), dtype=bool), selection.reason.astype(object).copy()
    for n, key in enumerate(zip(ideas.table["session"], ideas.table["symbol"], strict=True)):
        if not selection.is_selected[n]:
            continue
        bought[n] = is_shown[n] and key in bought_at
        reason[n] = "" if bought[n] else ANOTHER if not is_shown[n] else (
            why_unfilled.get(key) if key in sent else why.get(key)) or "its order did not fill before the data end"
    return bought, reason


def _shown(ideas: Ideas, selection: Selection, strength: np.ndarray) -> np.ndarray:
    """Return the strongest selected idea of each symbol and session; equals by the order of the ideas."""
    chosen = np.flatnonzero(selection.is_selected)
    order = chosen[np.lexsort((chosen, -strength[chosen]))]
    cells = pd.MultiIndex.from_arrays([ideas.row[order], ideas.column[order]])
    return np.sort(order[~cells.duplicated()])


def _panel(
    market: AccountMarket, row: np.ndarray, column: np.ndarray, strength: np.ndarray, probability: np.ndarray
) -> ScoredPanel:
    shape = market.bars.shape

    def scattered(values: np.ndarray, fill: float) -> np.ndarray:
        panel = np.full(shape, fill)
        panel[row, column] = values
        return panel

    score = np.where(market.bars.has_bar, scattered(strength, 0.0), np.nan)
    direction = np.zeros(shape, np.int8)
    direction[row, column] = 1
    return ScoredPanel(
        market.bars.sessions, market.bars.symbols, direction, score, score, scattered(probability, np.nan),
        np.full(shape, np.nan), np.zeros(shape, dtype=bool), market.closes)
