"""Settings as a table: one record per setting, read by compiled functions under the names of the settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from backtrader_system.engine.exit_rules import OFF_WITHOUT_SCORES, ExitRules
from backtrader_system.engine.sizing import PositionLimits
from backtrader_system.errors import StrategyError
from backtrader_system.metrics.returns import rate_per_period
from backtrader_system.settings.settings import Settings

PROJECT = Path(__file__).resolve().parents[3]
ML_TRADING, BUY_AND_HOLD, CONVICTION = range(3)
STRATEGIES = {"ml_trading": ML_TRADING, "buy_and_hold": BUY_AND_HOLD, "conviction": CONVICTION}
KELLY, FIXED_CASH, FIXED_FRACTION, EQUAL_WEIGHT = range(4)
SIZERS = {"kelly": KELLY, "fixed_cash": FIXED_CASH, "fixed_fraction": FIXED_FRACTION, "equal_weight": EQUAL_WEIGHT}

# Parameters of the strategies that are plain settings; `exit_rules` holds the other fields of ExitRules.
PARAMETERS = (
    "signal_threshold", "add_to_positions", "stop_loss_fraction", "take_profit_fraction", "trailing_stop_fraction",
    "stop_loss_atr", "take_profit_atr", "trailing_stop_atr",
)
PROTECTION = PARAMETERS[2:]
EXIT_RULES = tuple(field.name for field in fields(ExitRules))
LIMITS = tuple(field.name for field in fields(PositionLimits))
OF_SIZER = ("cash_per_position", "fraction", "prior_trades", "prior_win_rate", "kelly_min_trades", "lot_size")
OF_STRATEGY = ("kelly_multiplier", "avg_win", "avg_loss", "target_invested_floor", "min_order_fraction")
OF_COSTS = (
    "initial_capital", "commission_bps", "commission_per_share", "commission_minimum", "slippage_bps",
    "half_spread_bps", "impact_coefficient", "max_participation_fraction", "delisting_haircut_fraction",
)
_FLAGS = ("sell_signal", "signal_decay", "decay_hold_is_zero", "sell_when_leaving", "add_to_positions",
          "is_growth_optimal")
_NUMBERS = ("strategy", "sizer", "max_positions")
_FIGURES = ("rate_per_session", "periods_per_year")

# A setting that is None is NaN here.
RULES = np.dtype([
    *((name, "i8") for name in _NUMBERS), *((name, "?") for name in _FLAGS),
    *((name, "f8") for name in (*EXIT_RULES, *PARAMETERS, *LIMITS, *OF_SIZER, *OF_STRATEGY, *OF_COSTS, *_FIGURES)
      if name not in (*_FLAGS, *_NUMBERS)),
], align=True)


def rule_table(settings: Iterable[Settings], strategy_name: str | None = None) -> np.ndarray:
    """Return one record of RULES per setting, in their order.

    strategy_name : a file in `strategies/`; by default the one of each setting.

    Raises: StrategyError naming every setting that the kernel does not support.
    """
    rows, faults = [], []
    for number, one in enumerate(settings, start=1):
        reasons = kernel_supports(one, strategy_name)
        faults += [f"settings number {number}: {reason}" for reason in reasons]
        if not reasons:
            rows.append(_record(_values(one, strategy_name or one.strategy.name)))
    if faults:
        raise StrategyError("the kernel cannot simulate these settings; use run_backtest for them", faults=faults)
    return np.array(rows, RULES)


def _record(values: dict[str, Any]) -> np.void:
    return np.array(tuple(np.nan if values[name] is None else values[name] for name in RULES.names), RULES)[()]


def kernel_supports(settings: Settings, strategy_name: str | None = None) -> tuple[str, ...]:
    """Return why the kernel cannot simulate these settings; nothing if it can.

    strategy_name : a file in `strategies/`; by default the one of the settings. A file of that name under the current
        folder is the user's own, and the event engine takes it first.
    """
    name = strategy_name or settings.strategy.name
    reasons = []
    own = Path.cwd() / "strategies" / f"{name}.py"
    built_in = PROJECT / "strategies" / f"{name}.py"
    if own.is_file() and own.resolve() != built_in.resolve():
        reasons.append(f"the strategy '{name}' is the file {own}")
    elif name not in STRATEGIES:
        reasons.append(f"the strategy '{name}' is not built in")
    if not reasons:
        reasons += _unsupported_parameters(name, settings.strategy.params)
    return tuple(reasons)


def _unsupported_parameters(strategy: str, given: dict[str, Any]) -> list[str]:
    known = ("cash_reserve_fraction",) if strategy == "buy_and_hold" else PARAMETERS
    reasons = []
    for name, value in given.items():
        is_plain = name in known and (value is None or isinstance(value, bool | int | float))
        is_rules = name == "exit_rules" and strategy != "buy_and_hold" and isinstance(value, ExitRules)
        if not is_plain and not is_rules:
            reasons.append(f"strategy.params.{name} is not a parameter that it knows")
    return reasons


def _values(settings: Settings, strategy_name: str) -> dict[str, Any]:
    """Return the record of one setting; what `strategy.params` gives wins, as in the event engine."""
    section, exits, sizer, costs = settings.strategy, settings.strategy.exits, settings.sizer, settings.backtest
    values: dict[str, Any] = {"sell_when_leaving": settings.universe.on_leave == "sell"}
    for model in (sizer, exits, costs, section):
        values |= vars(model)
    rules = section.params.get("exit_rules")
    if rules is not None:
        values |= {name: getattr(rules, name) for name in EXIT_RULES}
    values |= {name: value for name, value in section.params.items() if name != "exit_rules"}
    if strategy_name == "buy_and_hold":
        values |= dict.fromkeys(PROTECTION)
    if strategy_name == "conviction":
        values |= OFF_WITHOUT_SCORES
    periods = settings.data.periods_per_year
    values |= {
        "strategy": STRATEGIES[strategy_name], "sizer": SIZERS[sizer.type],
        "is_growth_optimal": sizer.kelly_reading == "growth_optimal", "periods_per_year": periods,
        "rate_per_session": rate_per_period(settings.evidence.risk_free_rate, periods),
    }
    return values
