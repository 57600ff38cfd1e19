"""Settings of the section `puts`: which puts are scored, how they are sold and what is asked of the score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from backtrader_system.settings.section import Fraction, PositiveFraction, Section, Sessions, conflict

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
ProbabilityMethod = Literal["black_scholes", "bias_corrected", "historical_iv", "weighted", "bayesian"]
RollingPeriod = Literal[30, 90, 180, 270, 365]


class QuoteSettings(Section):
    """Which quotes are believed, and what a contract is."""

    multiplier: Positive = 100.0            # units of the underlying per contract, where the file does not say
    style: Literal["american", "european"] = "american"
    strict: bool = False                    # true: any faulty quote stops the run; false: listed and left out
    max_spread_ratio: Annotated[float, Field(ge=1)] = 10.0     # ask / bid above it is not sold
    max_stale_sessions: Sessions = 5        # equal bid, ask and last while the underlying moved, for longer: stale
    assumed_half_spread_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.05   # of the last price, without bid and ask
    risk_free_rate: Annotated[float, Field(gt=-0.5, lt=1)] = 0.02    # per year, continuous, of every formula here
    dividend_yield: Annotated[float, Field(ge=0, lt=1)] = 0.0        # per year, continuous
    clock: Literal["calendar_365", "october_2025", "november_2025"] = "calendar_365"   # of the owner's old files


class SyntheticChainSettings(Section):
    """The chain that is made up over real bars: which contracts are listed, and what they cost."""

    expiries: Literal["monthly", "weekly"] = "monthly"     # third Fridays, or every Friday
    listed_days_before_expiry: Annotated[int, Field(ge=8, le=400)] = 60    # calendar days
    lowest_strike_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.80     # of the close on the listing day
    highest_strike_fraction: Annotated[float, Field(gt=0, le=1.5)] = 1.00
    strike_step_fraction: Annotated[float, Field(gt=0, le=0.25)] = 0.025   # rounded to 0.5, 1, 2.5, 5 or 10
    volatility_sessions: Annotated[int, Field(ge=10, le=504)] = 63         # past closes behind the model price
    volatility_premium: Positive = 1.10     # implied over past volatility
    half_spread_fraction: Fraction = 0.05   # of the model price, at least half_spread_minimum
    half_spread_minimum: NotNegative = 0.01

    @field_validator("highest_strike_fraction")
    @classmethod
    def _above_lowest(cls, highest: float, info: ValidationInfo) -> float:
        lowest = info.data.get("lowest_strike_fraction")
        if lowest is not None and highest <= lowest:
            raise conflict(f"{highest:g} does not lie above lowest_strike_fraction, {lowest:g}",
                           "lowest_strike_fraction")
        return highest


class FactorWeights(Section):
    """What each factor weighs in the score; rescaled to sum 100."""

    recovery_advantage: Percent = 25.0
    support_strength: Percent = 20.0
    days_since_break: Percent = 15.0
    historical_peak: Percent = 15.0
    monthly_seasonality: Percent = 15.0
    current_performance: Percent = 10.0


class ScoreSettings(Section):
    """The composite score and which options it is asked about."""

    weights: FactorWeights = FactorWeights()
    learn_weights: bool = False             # phase 3: before each month the best weights of the months before
    arithmetic: Literal["point_in_time", "compat"] = "point_in_time"
    missing: Literal["renormalise", "neutral", "zero"] = "renormalise"     # neutral: 50; compat takes zero
    rolling_period: RollingPeriod = 365
    probability_method: ProbabilityMethod = "bayesian"
    peak_threshold: PositiveFraction = 0.90
    recovery: Literal["causal", "whole_life"] = "causal"    # whole_life looks ahead, as the original does
    min_recovery_expiries: Annotated[int, Field(ge=1)] = 3  # past expiry dates behind a recovery or calibration cell
    min_seasonal_years: Annotated[int, Field(ge=1)] = 2     # past months of this name, or no seasonality
    min_history_days: Annotated[int, Field(ge=0)] = 90      # of lows, in calendar days, or no support is known
    min_days_since_break: Annotated[int, Field(ge=0)] = 10
    strike_below_rolling_low: bool = True
    min_days_to_expiry: Annotated[int, Field(ge=1)] = 1
    max_days_to_expiry: Annotated[int, Field(ge=1, le=400)] = 45
    entry_days_to_expiry: Annotated[int, Field(ge=1, le=400)] = 35   # an option is judged once, on its first such day

    @field_validator("entry_days_to_expiry")
    @classmethod
    def _within_window(cls, entry: int, info: ValidationInfo) -> int:
        latest = info.data.get("max_days_to_expiry")
        if latest is not None and entry > latest:
            raise conflict(f"{entry} lies above max_days_to_expiry, {latest}: no option has a score then",
                           "max_days_to_expiry")
        return entry


class OutcomeSettings(Section):
    """What becomes of a short put, and what selling and buying it costs."""

    settlement: Literal["physical", "cash"] = "physical"   # assigned shares are sold at the next open, or cash is paid
    pin_threshold: NotNegative = 0.0        # a close within it of the strike is counted as pinned
    worthless_at_strike: bool = False       # the owner: a close equal to the strike is in the money
    early_assignment: Literal["never", "deep_in_the_money", "deep_or_dividend"] = "deep_or_dividend"
    deep_time_value: NotNegative = 0.0      # assigned early once the mid lies no more than this above intrinsic value
    fill: Literal["bid", "mid", "part"] = "bid"
    spread_part: Fraction = 0.5             # part: this share of the half spread is given up
    fee_per_order: NotNegative = 0.0
    fee_per_contract: NotNegative = 0.65
    assignment_fee: NotNegative = 0.0       # per assigned contract


class SellingSettings(Section):
    """The account that sells the puts recommended."""

    top_n: Annotated[int, Field(ge=1)] = 20               # of each decision, by score
    min_score: Percent = 0.0
    decide: Literal["entry_day", "every_day"] = "entry_day"   # when an option may be sold: its entry day, or any later
    max_per_underlying: Annotated[int, Field(ge=1)] = 1       # short puts held at once
    capital_per_position: Positive = 50_000.0                 # collateral that one position may take
    min_premium: NotNegative = 5.0                            # money per contract, at the bid
    collateral: Literal["cash_secured", "margin"] = "cash_secured"
    margin_floor_fraction: Fraction = 0.15                    # margin: C = floor * strike
    margin_safety_factor: Positive = 1.2                      # margin: B = factor * worst decline * strike
    margin_event_buffer: Fraction = 0.05                      # margin: added before a report or an ex-day
    take_profit_fraction: PositiveFraction | None = None      # bought back once this share of the premium is earned
    stop_loss_multiple: Annotated[float, Field(gt=1)] | None = None   # ... once it costs this many premiums
    exit_days_to_expiry: Annotated[int, Field(ge=0)] | None = None    # ... so many calendar days before expiry
    random_portfolios: Annotated[int, Field(ge=100)] = 1_000


class WeightSearchSettings(Section):
    """The search over all weights in steps of 5 from 0 to 50."""

    enabled: bool = True
    objective: Literal["auc", "brier", "top_n_return"] = "auc"     # by which the weights are chosen
    train_fraction: PositiveFraction = 0.5     # of the expiry dates, the earliest
    validation_fraction: PositiveFraction = 0.25
    folds: Annotated[int, Field(ge=2, le=20)] = 4
    min_improvement: NotNegative = 0.01        # of AUC on the test part, or the weights stay


class PutsSettings(Section):
    """Puts to be scored, followed to expiry and sold."""

    source: Literal["synthetic", "chain", "collected"] = "synthetic"
    chain: Path | None = None            # chain: quotes of options, Parquet or CSV
    underlying_prices: Literal["bars", "quotes"] = "bars"    # chain: bars as `data` says, or the quotes' own column
    settlements: Path | None = None      # CSV of underlying, expiry, settle_price; null: closes of the underlying
    collected: Path | None = None        # collected: the store that `puts collect` fills
    stock_names: Path | None = None      # CSV of ticker, stock_name, symbol; null: names are equal in all files
    compare_rules: bool = True           # judge and sell again under other rules of fill, assignment and exit
    quotes: QuoteSettings = QuoteSettings()
    synthetic: SyntheticChainSettings = SyntheticChainSettings()
    score: ScoreSettings = ScoreSettings()
    outcome: OutcomeSettings = OutcomeSettings()
    selling: SellingSettings = SellingSettings()
    weight_search: WeightSearchSettings = WeightSearchSettings()
