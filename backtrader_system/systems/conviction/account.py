"""One account that trades chosen ideas through the event engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.engine.backtest import Ledgers, run_backtest
from backtrader_system.ledgers.schemas import FILL_STATUSES
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.selection import Selection
from backtrader_system.signals.scored import ScoredPanel
from backtrader_system.systems.conviction.ideas import Ideas

ANOTHER = "another signal on this symbol and session ranks higher"
UNKNOWN = "its order did not fill before the data end"


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
    settings: Settings, *, size_factor: np.ndarray | None = None, is_by_model: bool = True,
) -> AccountRun:
    """Return the account that buys the selected ideas.

    strength : in [0, 1], orders simultaneous ideas. probability : in [0, 1], NaN without one.
    size_factor : multiple of the usual stake per idea; None: 1 for all. is_by_model : whether a model's score chose.
    """
    shown = _shown(ideas, selection, strength)
    row, column = ideas.row[shown] - market.first_row, ideas.column[shown]
    panel = _panel(market, row, column, strength[shown], probability[shown], is_by_model=is_by_model)
    known = dict(market.known)
    if size_factor is not None:
        factor = np.ones(market.bars.shape)
        factor[row, column] = size_factor[shown]
        known["size_factor"] = factor
    return AccountRun(run_backtest(market.bars, panel, settings, known=known), shown, panel, known)


def fates(run: AccountRun, ideas: Ideas, selection: Selection) -> tuple[np.ndarray, np.ndarray]:
    """Return which ideas the account bought (bool), and why not for every other (text)."""
    is_shown = np.zeros(len(ideas.table), dtype=bool)
    is_shown[run.shown] = True
    sent, skipped = _buys(run.ledgers.orders), run.ledgers.skipped
    why = dict(zip(zip(skipped["session"], skipped["symbol"], strict=True), skipped["reason"], strict=True))
    why |= {key: reason for key, is_filled, reason in sent if not is_filled}
    filled = {key for key, is_filled, _ in sent if is_filled}
    bought, reason = np.zeros(len(is_shown), dtype=bool), selection.reason.astype(object).copy()
    for n, key in enumerate(zip(ideas.table["session"], ideas.table["symbol"], strict=True)):
        if selection.is_selected[n]:
            bought[n] = is_shown[n] and key in filled
            reason[n] = "" if bought[n] else why.get(key, UNKNOWN) if is_shown[n] else ANOTHER
    return bought, reason


def _buys(orders: pd.DataFrame) -> list[tuple[tuple[pd.Timestamp, str], bool, str]]:
    """Return session and symbol of every entry, whether any of it filled, and the last reason in the log."""
    entries = orders[(orders["side"] == "buy") & (orders["order_type"] == "market")]
    one_each = entries.assign(filled=entries["status"].isin(FILL_STATUSES)).groupby("order_id").agg(
        session=("session", "first"), symbol=("symbol", "first"), filled=("filled", "any"), reason=("reason", "last"))
    keys = zip(one_each["session"], one_each["symbol"], strict=True)
    return list(zip(keys, one_each["filled"], one_each["reason"].fillna(UNKNOWN), strict=True))


def _shown(ideas: Ideas, selection: Selection, strength: np.ndarray) -> np.ndarray:
    """Return the strongest selected idea of each symbol and session; equals by the order of the ideas."""
    chosen = np.flatnonzero(selection.is_selected)
    order = chosen[np.lexsort((chosen, -strength[chosen]))]
    cells = pd.MultiIndex.from_arrays([ideas.row[order], ideas.column[order]])
    return np.sort(order[~cells.duplicated()])


def _panel(
    market: AccountMarket, row: np.ndarray, column: np.ndarray, strength: np.ndarray, probability: np.ndarray, *,
    is_by_model: bool,
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
        np.full(shape, np.nan), scattered(np.isfinite(probability) & is_by_model, 0.0) > 0, market.closes)
