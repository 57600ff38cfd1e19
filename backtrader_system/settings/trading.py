"""Settings of the sections `backtest`, `strategy`, `sizer`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from backtrader_system.settings.section import Bps, Fraction, PositiveFraction, Section, Sessions, conflict

Positive = Annotated[float, Field(gt=0)]


class BacktestSettings(Section):
    """Period (both ends included), capital and the costs of trading."""

    # None takes the period of the signals; only systems whose signals have dates of their own can do so.
    start_date: date | None = date(2024, 8, 23)
    end_date: Annotated[date | None, Field(validate_default=True)] = date(2025, 8, 22)
    initial_capital: Positive = 100_000.0
    commission_bps: Bps = 5.0
    commission_per_share: Annotated[float, Field(ge=0)] = 0.0
    commission_minimum: Annotated[float, Field(ge=0)] = 0.0        # dollars per order
    slippage_bps: Bps = 2.0
    half_spread_bps: Bps = 0.0
    impact_coefficient: Annotated[float, Field(ge=0)] = 0.0        # Y in Y * sigma * sqrt(shares / average volume)
    max_participation_fraction: PositiveFraction | None = None     # of a bar's volume; the rest waits
    delisting_haircut_fraction: Fraction = 0.0
    allow_short: bool = False

    @field_validator("end_date")
    @classmethod
    def _not_reversed(cls, end: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("start_date")
        if start is not None and end is not None and end < start:
            raise conflict(f"the end {end} lies before start_date, {start}", "start_date")
        return end


class ExitSettings(Section):
    """When a position is closed. None switches a rule off. Fractions are of the average entry price."""

    sell_signal: bool = True
    sell_all_strength: Fraction = 0.80
    sell_part_strength: Fraction = 0.70
    sell_part_fraction: PositiveFraction = 0.50
    winner_gain_fraction: Positive = 0.15           # above this gain the two strengths shift by winner_shift
    winner_shift: Annotated[float, Field(ge=-1, le=1)] = -0.10
    other_shift: Annotated[float, Field(ge=-1, le=1)] = 0.05
    profit_take_gain_fraction: Positive | None = 0.15
    profit_take_fraction: PositiveFraction = 0.30   # sold once per trade when the gain above is reached
    stop_loss_fraction: PositiveFraction | None = 0.08
    take_profit_fraction: Positive | None = None
    trailing_stop_fraction: PositiveFraction | None = None
    stop_loss_atr: Positive | None = None           # multiples of ATR(14) known at the decision
    take_profit_atr: Positive | None = None
    trailing_stop_atr: Positive | None = None
    max_holding_sessions: Sessions | None = None
    max_holding_calendar_days: Sessions | None = None     # from the entry session to the close that decides
    signal_decay: bool = False
    decay_min_holding_sessions: Sessions = 3
    decay_drop: PositiveFraction = 0.40             # exit if the score fell by more than this since entry ...
    decay_ceiling: PositiveFraction = 0.60          # ... and is below this
    decay_hold_is_zero: bool = False                # a session without a signal counts as score 0

    @field_validator("trailing_stop_atr")
    @classmethod
    def _one_trailing_stop(cls, multiple: float | None, info: ValidationInfo) -> float | None:
        if multiple is not None and info.data.get("trailing_stop_fraction") is not None:
            raise conflict("a position has one trailing stop; trailing_stop_fraction is set too: make one of them null",
                           "trailing_stop_fraction")
        return multiple


class StrategySettings(Section):
    """The rules of the strategy. A user's own strategy takes its parameters from `params`."""

    name: str = "ml_trading"                        # strategies/<name>.py
    params: dict[str, Any] = {}
    profile: Literal["strict", "relaxed", "live"] = "strict"
    signal_threshold: Fraction = 0.25
    max_positions: Annotated[int, Field(ge=1)] = 15
    max_position_size: PositiveFraction = 0.40
    max_position_size_exceptional: PositiveFraction = 0.60
    exceptional_strength: Fraction = 0.85
    max_symbol_exposure: PositiveFraction = 0.15
    max_net_exposure: Positive = 0.95
    target_invested_floor: Fraction = 0.75
    target_invested_ceiling: Annotated[Positive, Field(validate_default=True)] = 0.95
    kelly_multiplier: PositiveFraction = 0.50
    add_to_positions: bool = True                   # buy more of a held symbol, up to its cap
    min_order_fraction: Fraction = 0.01             # of equity; smaller buys are not sent
    avg_win: Positive = 0.08
    avg_loss: Positive = 0.025
    exits: ExitSettings = ExitSettings()

    @field_validator("target_invested_ceiling")
    @classmethod
    def _not_below_floor(cls, ceiling: float, info: ValidationInfo) -> float:
        floor = info.data.get("target_invested_floor")
        if floor is not None and ceiling < floor:
            raise conflict(f"the ceiling {ceiling:g} lies below target_invested_floor, {floor:g}",
                           "target_invested_floor")
        return ceiling


class SizerSettings(Section):
    """How much of the equity one buy takes, before the limits of `strategy` cut it."""

    type: Literal["kelly", "fixed_cash", "fixed_fraction", "equal_weight"] = "kelly"
    cash_per_position: Positive = 5_000.0           # fixed_cash, and kelly before kelly_min_trades
    fraction: PositiveFraction = 0.05               # fixed_fraction
    prior_trades: Annotated[float, Field(ge=0)] = 30.0   # kelly: weight of the configured prior, in trades
    prior_win_rate: Fraction | None = None          # kelly: None takes the score of the signal
    kelly_reading: Literal["at_risk", "growth_optimal"] = "at_risk"     # Kelly's f is bought, or is what a loss takes
    kelly_min_trades: Annotated[int, Field(ge=0)] = 0    # kelly: cash_per_position until so many trades are closed
    lot_size: Annotated[float, Field(ge=1e-8)] = 1.0     # shares are bought and sold in multiples of it
    cash_reserve_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.05   # kept in cash, so that a gap rejects no buy
