"""Chat-like signals over given bars, with as much skill in them as is planted: none, if so wished."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.conviction import SimulatedSignalSettings
from backtrader_system.signals.conviction.fields import BLOCKS, SIMULATED_ID, TEXTS
from backtrader_system.signals.conviction.history import REVISION_COLUMNS, SignalHistory
from backtrader_system.signals.conviction.simulated.blocks import (
    Qualities,
    message_block,
    onchain_block,
    reactions_block,
    trends_block,
)
from backtrader_system.signals.conviction.simulated.places import SignalPlaces, outcome_scores, place_signals
from backtrader_system.signals.conviction.trades.outcomes import BarrierRules

CRYPTO_ROOMS = ("Yieldschool-YieldHub", "Yieldschool-MidCaps", "Yieldschool-LowCaps", "Yieldschool-BlueChips",
                "Yieldschool-Dan")
STOCK_ROOMS = ("DumbMoney", "Dumb Money", "dumbmoney-discord")
OTHER_ROOM_SHARE = 0.1          # crypto named in a room for stocks and the reverse
SATURDAY = 5


def simulate_signals(
    bars: BarPanel, closes: pd.DatetimeIndex, settings: SimulatedSignalSettings, *, label_days: int, label_gain: float,
    stop: float | None, is_usable: np.ndarray | None = None, asset_types: Mapping[str, str] | None = None,
) -> SignalHistory:
    """Return simulated signals about the symbols of `bars`, posted on their sessions.

    closes : closing instant of every session, UTC. label_days, label_gain, stop : what a winner is: a gain of
        label_gain within label_days calendar days of the entry, before a loss of `stop`; see `outcome_scores`.
    is_usable : bool, shape (n_sessions,), sessions that signals may stand at; all, if not given.
    asset_types : symbol -> "crypto" or "stock"; what is not named is crypto if it ever trades on a weekend.

    settings.skill is the correlation of a hidden quality of each signal with its outcome, both standard normal; the
    quality drives fields that only a model reads. settings.rule_skill is the same for a second quality, which drives
    what the scrapers' rules count. The table of `simulated_blocks` says which is which.

    Most signals are settled by the end of the bars, some are not. A signal has two or three counts of its reactions,
    later ones known after the decision. What would be known after the last close is left out.

    Timing: with both skills 0 the signals depend on which sessions have bars and, by the price they mention, on closes
    before them; on nothing later. Same bars and settings, same signals.
    Raises: DataError if the bars have no place for a signal.
    """
    streams = [np.random.default_rng([settings.seed, number]) for number in range(8)]
    usable = np.ones(len(bars.sessions), dtype=bool) if is_usable is None else np.asarray(is_usable, dtype=bool)
    if not len(bars.sessions):
        raise DataError("conviction.simulated: there are no bars to place signals on")
    places = place_signals(bars, closes, settings.n_signals, label_days, usable, streams[0])
    kinds = _asset_types(bars, asset_types)[places.column]
    rules = BarrierRules(stop, label_gain, label_days)
    qualities = _qualities(bars, closes, places, rules, settings, kinds == "crypto", streams[1:3])
    width = max(5, len(str(settings.n_signals)))
    ids = np.array([f"{SIMULATED_ID}{number:0{width}d}" for number in range(1, settings.n_signals + 1)], dtype=object)
    tickers = np.array([symbol.upper() for symbol in bars.symbols], dtype=object)[places.column]
    signals = pd.DataFrame({
        "signal_id": pd.array(ids, dtype="str"), "ticker": pd.array(tickers, dtype="str"),
        "asset_type": pd.array(kinds, dtype="str"),
        "source": pd.array(_rooms(qualities.is_crypto, streams[3]), dtype="str"), "signal_time": places.signal_time})
    revisions = {
        "message": message_block(ids, tickers, places, qualities, streams[4]),
        "reactions": reactions_block(ids, places, qualities, streams[5]),
        "trends": trends_block(ids, places, qualities, streams[6]),
        "onchain": onchain_block(ids, places, qualities, streams[7])}
    known = {name: _known_by(table, closes[-1]) for name, table in revisions.items()}
    empty = {name: _no_revisions(name) for name in BLOCKS if name not in known}
    return SignalHistory(signals, known | empty, (), is_simulated=True)


def _qualities(
    bars: BarPanel, closes: pd.DatetimeIndex, places: SignalPlaces, rules: BarrierRules,
    settings: SimulatedSignalSettings, is_crypto: np.ndarray, streams: list[np.random.Generator],
) -> Qualities:
    noise = streams[0].standard_normal((2, len(is_crypto)))
    if not (settings.skill or settings.rule_skill):
        return Qualities(*noise, is_crypto)
    outcome = outcome_scores(bars, closes, places, rules, rules.max_holding_calendar_days, streams[1])
    mixed = [skill * outcome + np.sqrt(1 - skill**2) * own
             for skill, own in zip((settings.skill, settings.rule_skill), noise, strict=True)]
    return Qualities(*mixed, is_crypto)


def _asset_types(bars: BarPanel, given: Mapping[str, str] | None) -> np.ndarray:
    on_weekends = bars.has_bar[bars.sessions.dayofweek >= SATURDAY].any(axis=0)
    usual = np.where(on_weekends, "crypto", "stock")
    return np.array([(given or {}).get(symbol, kind) for symbol, kind in zip(bars.symbols, usual, strict=True)],
                    dtype=object)


def _rooms(is_crypto: np.ndarray, stream: np.random.Generator) -> np.ndarray:
    of_crypto = is_crypto ^ (stream.random(len(is_crypto)) < OTHER_ROOM_SHARE)
    crypto, stock = (stream.choice(np.array(rooms, dtype=object), len(is_crypto))
                     for rooms in (CRYPTO_ROOMS, STOCK_ROOMS))
    return np.where(of_crypto, crypto, stock)


def _known_by(revisions: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    order = revisions.sort_values(["known_at", "signal_id"], kind="stable")
    return order[order["known_at"] <= instant].reset_index(drop=True)


def _no_revisions(block: str) -> pd.DataFrame:
    kinds = {"signal_id": "str", "known_at": "datetime64[ns, UTC]", "recorded_at": "datetime64[ns, UTC]",
             "is_stamped": bool} | {field: "str" if field in TEXTS else float for field in BLOCKS[block]}
    return pd.DataFrame(columns=[*REVISION_COLUMNS, *BLOCKS[block]]).astype(kinds)
