"""Random panels and settings for both engines: everything that may happen to a symbol, and every rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.scored import ScoredPanel

LIVES = ("whole", "late", "ended", "holes", "splits", "reverse_split", "thin", "round", "leaves", "penny",
         "coin", "token")
START_PRICES = {"penny": (0.2, 0.9), "coin": (20_000, 60_000), "token": (1e-6, 1e-4)}
CAPITAL = 50_000.0


def random_market(seed: int, lives: list[str], n_sessions: int = 80) -> tuple[BarPanel, ScoredPanel, dict[str, Any]]:
    """Return bars, scores and known lines of one symbol per life.

    Opens gap, bars are wide enough to touch stop and target at once, some volumes are a handful of shares, some prices
    are whole dollars so that floors and limits are met exactly. A coin may cost more than the account holds, a token
    next to nothing.
    """
    rng = np.random.default_rng(seed)
    sessions = pd.bdate_range("2024-01-02", periods=n_sessions).as_unit("ns")
    symbols = tuple(f"S{number:02d}" for number in range(len(lives)))
    columns = [_one_symbol(rng, life, n_sessions) for life in lives]
    bars = {name: np.column_stack([column[name] for column in columns]) for name in columns[0]}
    atr = bars["close"] * 0.03
    atr[rng.random(atr.shape) < 0.1] = np.nan
    shape = bars["close"].shape
    direction = rng.choice([-1, 0, 1], shape).astype(np.int8)
    score = np.where(np.isfinite(bars["close"]), rng.uniform(0, 1, shape).round(2), np.nan)
    score[rng.random(shape) < 0.05] = np.nan
    direction[np.isnan(score)] = 0
    known = {"atr": atr}
    if rng.random() < 0.5:
        known |= {"daily_volatility": np.where(rng.random(shape) < 0.8, 0.02, np.nan),
                  "average_volume": rng.uniform(500, 5_000, shape)}
    if rng.random() < 0.5:
        known["size_factor"] = rng.choice([0.5, 1.0, 1.5, 2.0, np.nan], shape)
    panel = BarPanel(sessions, symbols, **bars)
    return panel, ScoredPanel(
        sessions, symbols, direction, score, score, score, score, np.zeros(shape, bool),
        sessions.tz_localize("UTC")), known


def _one_symbol(rng: np.random.Generator, life: str, n_sessions: int) -> dict[str, np.ndarray]:
    lowest, highest = START_PRICES.get(life, (5, 300))
    start = rng.uniform(lowest, highest)
    close = start * np.exp(np.cumsum(rng.normal(0, 0.03, n_sessions)))
    opens = np.r_[close[0], close[:-1]] * np.exp(rng.normal(0, 0.02, n_sessions))
    split, dividend = np.ones(n_sessions), np.zeros(n_sessions)
    if life == "splits":
        split[rng.integers(1, n_sessions, 3)] = rng.choice([2.0, 3.0, 1.5], 3)
        dividend[::7] = 0.3
    if life == "reverse_split":
        split[rng.integers(1, n_sessions, 2)] = rng.choice([0.5, 0.1, 0.01], 2)
    level = np.cumprod(split)
    close, opens = close / level, opens / level
    if life == "round":
        close, opens = np.maximum(close.round(-1), 10.0), np.maximum(opens.round(-1), 10.0)
    bars = {
        "open": opens, "high": np.maximum(opens, close) * (1 + rng.exponential(0.02, n_sessions)),
        "low": np.minimum(opens, close) * (1 - np.minimum(rng.exponential(0.02, n_sessions), 0.5)), "close": close,
        "volume": rng.integers(0 if life == "thin" else 200, 20 if life == "thin" else 5_000, n_sessions).astype(float),
    }
    if life in ("coin", "token"):       # fractions are traded, or billions
        bars["volume"] *= 3e-3 if life == "coin" else 1e6 / 3
    is_absent = np.zeros(n_sessions, bool)
    middle = int(rng.integers(1, n_sessions))
    if life == "late":
        is_absent[:middle] = True
    elif life == "ended":
        is_absent[middle:] = True
    elif life == "holes":
        is_absent = rng.random(n_sessions) < 0.3
    for values in bars.values():
        values[is_absent] = np.nan
    split[is_absent], dividend[is_absent] = 1.0, 0.0
    is_member = np.ones(n_sessions, bool)
    if life == "leaves":
        is_member = rng.random(n_sessions) < 0.7
    return bars | {"split_ratio": split, "dividend": dividend, "is_member": is_member}


EXITS = {
    "stop_loss_fraction": [None, 0.02, 0.08, 1.0], "take_profit_fraction": [None, 0.03, 0.2],
    "trailing_stop_fraction": [None, 0.05], "stop_loss_atr": [None, 1.0, 40.0], "take_profit_atr": [None, 1.5],
    "trailing_stop_atr": [None, 1.0, 40.0], "max_holding_sessions": [None, 5],
    "max_holding_calendar_days": [None, 1, 10], "sell_signal": [True, False],
    "sell_all_strength": [0.8, 0.3], "sell_part_strength": [0.7, 0.2], "sell_part_fraction": [0.5, 0.1],
    "profit_take_gain_fraction": [None, 0.05], "profit_take_fraction": [0.3, 1.0], "signal_decay": [True, False],
    "decay_hold_is_zero": [True, False],
}
BACKTEST = {
    "initial_capital": [CAPITAL, 900.0], "commission_bps": [0, 5], "commission_per_share": [0, 0.01],
    "commission_minimum": [0.0, 1.0, 40.0], "slippage_bps": [0.0, 10.0, 200.0], "half_spread_bps": [0, 3.0],
    "impact_coefficient": [0.0, 0.5], "max_participation_fraction": [None, None, 0.05, 0.5],
    "delisting_haircut_fraction": [0.0, 0.1, 1.0], "allow_short": [True, False],
}
STRATEGY = {
    "signal_threshold": [0.0, 0.25, 0.6], "add_to_positions": [True, False], "max_positions": [1, 3, 15],
    "max_position_size": [0.1, 0.4], "max_position_size_exceptional": [0.6], "exceptional_strength": [0.85, 0.3],
    "max_symbol_exposure": [0.15, 1.0], "max_net_exposure": [0.5, 1.0, 2.0], "target_invested_floor": [0.0, 0.5],
    "target_invested_ceiling": [0.6, 1.0, 1.5], "kelly_multiplier": [0.5, 1.0], "min_order_fraction": [0.0, 0.01, 0.1],
    "avg_win": [0.08], "avg_loss": [0.025, 0.1], "name": ["ml_trading", "ml_trading", "conviction"],
}
SIZER = {
    "type": ["kelly", "fixed_cash", "fixed_fraction", "equal_weight"], "cash_per_position": [5_000.0, 100.0],
    "fraction": [0.05, 0.1, 0.4], "prior_trades": [0.0, 3.0, 30.0], "prior_win_rate": [None, 0.6],
    "cash_reserve_fraction": [0.0, 0.02, 0.1], "kelly_reading": ["at_risk", "growth_optimal"],
    "kelly_min_trades": [0, 4], "lot_size": [1.0, 1.0, 0.1, 1e-6, 0.03, 10.0],
}
ON_LEAVE = ("sell", "hold")


def _settings(backtest: dict, strategy: dict, sizer: dict, exits: dict, on_leave: str) -> Settings:
    if exits["trailing_stop_fraction"] is not None:
        exits = exits | {"trailing_stop_atr": None}
    return Settings(
        backtest=backtest, strategy=strategy | {"exits": exits}, sizer=sizer, universe={"on_leave": on_leave})


def varied_settings(rng: np.random.Generator) -> Settings:
    """Return settings picked by `rng`."""
    def pick(options: dict[str, list]) -> dict[str, Any]:
        return {name: values[rng.integers(len(values))] for name, values in options.items()}

    return _settings(*(pick(options) for options in (BACKTEST, STRATEGY, SIZER, EXITS)), ON_LEAVE[rng.integers(2)])


def _any_of(options: dict[str, list]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: st.sampled_from(values) for name, values in options.items()})


SETTINGS = st.builds(
    _settings, _any_of(BACKTEST), _any_of(STRATEGY), _any_of(SIZER), _any_of(EXITS), st.sampled_from(ON_LEAVE))
LIVES_OF_A_MARKET = st.lists(st.sampled_from(LIVES), min_size=1, max_size=6)
