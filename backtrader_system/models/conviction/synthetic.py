"""Made-up signals for the cold start, when there is no outcome to learn from yet.

The draws follow the generator of the original conviction system. Its winners, 62 % of all, are absurd for a target of
twice the price within 30 days; the intercept is therefore shifted until the mean probability is a stated base rate.
What the model learns is what its authors believed, not what a market did: every figure of it is about these draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.training import train_model
from backtrader_system.models.conviction.training_rows import TrainingRows
from backtrader_system.settings.conviction import ConvictionModelSettings

ORIGINAL_INTERCEPT = -4.0
_FIRST = np.datetime64("2000-01-01T00", "ns")
_ONCHAIN = ("liquidity_level", "holder_growth", "whale_accumulation", "smart_money_holdings", "liquidity_locked",
            "contract_verified", "honeypot_score", "holder_concentration", "dex_listing_count", "volume_authenticity")
_KNOWN = ("has_message", "has_reactions", "has_trends", "has_price", "has_volume")


@dataclass(frozen=True, slots=True)
class SyntheticSignals:
    """Features of made-up signals, and G, the strength from which P(win) = 1 / (1 + exp(-(G + intercept))) follows.

    Examples
    --------
    >>> draw_synthetic(3, seed=1).strength.shape
    (3,)
    """

    features: pd.DataFrame
    strength: np.ndarray


def cold_start_model(features: Sequence[str], settings: ConvictionModelSettings) -> ConvictionModel:
    """Return a model of `cold_start_signals` made-up signals with `cold_start_base_rate` winners, flagged synthetic.

    features : the columns of the signals it will score.

    Raises
    ------
    DataError
        Names features that the generator does not have.
    """
    return train_model(synthetic_rows(features, settings), settings, is_synthetic=True)


def synthetic_rows(features: Sequence[str], settings: ConvictionModelSettings) -> TrainingRows:
    """Return made-up signals, one a day, as training rows with the given columns.

    With the column `has_onchain`, unknown is NaN: on-chain fields of stocks are NaN. Without it they are 0, as the
    original has them.
    """
    drawn = draw_synthetic(settings.cold_start_signals, seed=settings.seed)
    table = _with_flags(drawn.features, has_flags="has_onchain" in features)
    unknown = [name for name in features if name not in table.columns]
    if unknown:
        raise DataError(f"the cold start has no feature {', '.join(unknown)}; it knows {', '.join(table.columns)}")
    chance = _chance(drawn.strength, intercept_of(drawn.strength, settings.cold_start_base_rate))
    label = (np.random.default_rng([settings.seed, 1]).random(len(chance)) < chance).astype(float)
    at = _FIRST + np.arange(len(label)) * np.timedelta64(1, "D")
    ticker = np.array([f"SYNTHETIC{number}" for number in range(len(label))], dtype=object)
    return TrainingRows(table[list(features)].reset_index(drop=True), label, ticker, at, at)


def intercept_of(strength: np.ndarray, base_rate: float) -> float:
    """Return the intercept at which the mean chance of winning is `base_rate`, by bisection.

    Examples
    --------
    >>> round(intercept_of(np.array([2.0, 2.0]), 0.5), 6)
    -2.0
    """
    low, high = -60.0 - strength.max(), 60.0 - strength.min()
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _chance(strength, middle).mean() < base_rate else (low, middle)
    return float((low + high) / 2)


def draw_synthetic(n_signals: int, *, seed: int) -> SyntheticSignals:
    """Return made-up signals, 53 features each, drawn as the original describes them."""
    rng = np.random.default_rng([seed, 0])
    table = _source(rng, n_signals) | _social(rng, n_signals) | _timing(rng, n_signals)
    table |= _onchain(rng, n_signals) | _thesis(rng, n_signals)
    table |= _interactions(table)
    drawn = pd.DataFrame(table).astype(float)
    return SyntheticSignals(drawn, _strength(drawn))


def _strength(drawn: pd.DataFrame) -> np.ndarray:
    return (3 * drawn["dan_endorsed"] + 2 * drawn["multi_source"] + 2 * (drawn["total_reactions"] > 50)
            + (drawn["google_trends_7d_change"] > 50) + (drawn["trends_peak_ratio"] < 0.5)
            + 2 * drawn["whale_accumulation"] + (drawn["thesis_quality_score"] > 0.7)
            + drawn["catalyst_mentioned"]).to_numpy(dtype=float)


def _chance(strength: np.ndarray, intercept: float) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * (strength + intercept)))


def _flag(rng: np.random.Generator, n: int, chance: float) -> np.ndarray:
    return (rng.random(n) < chance).astype(float)


def _source(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    yieldschool = _flag(rng, n, 0.4)
    mentions = 1.0 + rng.poisson(2, n)
    return {
        "dan_endorsed": _flag(rng, n, 0.15), "source_yieldschool": yieldschool,
        "source_bluechips": yieldschool * _flag(rng, n, 0.5), "source_dumbmoney": 1 - yieldschool,
        "mention_count": mentions, "multi_source": (mentions > 1).astype(float),
        "source_reliability_score": np.where(yieldschool == 1, 0.75, 0.65),
    }


def _social(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    reactions = np.rint(rng.lognormal(3, 1, n))       # the original keeps fractions of a reaction
    fire, rocket = rng.uniform(0.3, 0.6, n), rng.uniform(0.2, 0.4, n)
    return {
        "total_reactions": reactions, "fire_reactions": np.rint(reactions * fire),
        "rocket_reactions": np.rint(reactions * rocket), "thumbsup_reactions": np.rint(reactions * 0.2),
        "reaction_velocity": reactions / rng.uniform(12, 72, n),
        "reaction_diversity": np.floor(reactions * rng.uniform(0.6, 0.9, n)), "comment_count": rng.poisson(5, n),
        "sentiment_score": rng.beta(6, 2, n), "hype_ratio": fire + rocket, "thesis_quality_score": rng.beta(5, 2, n),
        "link_count": rng.poisson(1, n), "emoji_spam": _flag(rng, n, 0.1),
    }


def _timing(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    week, age = rng.uniform(-20, 100, n), rng.exponential(36, n)
    return {
        "google_trends_now": rng.uniform(10, 80, n), "google_trends_7d_change": week,
        "google_trends_30d_change": 1.5 * week, "trends_peak_ratio": rng.beta(2, 3, n), "message_age_hours": age,
        "reaction_recency": (age < 48).astype(float), "price_vs_mention": rng.lognormal(0, 0.2, n),
        "volume_spike": rng.lognormal(0.5, 1, n),
    }


def _onchain(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    crypto, whale = _flag(rng, n, 0.5), _flag(rng, n, 0.2)
    whale = whale * crypto
    return {
        "is_crypto": crypto, "new_token": crypto * _flag(rng, n, 0.3), "whale_accumulation": whale,
        "smart_money_holdings": whale * _flag(rng, n, 0.5), "liquidity_level": crypto * rng.lognormal(12, 2, n),
        "holder_growth": crypto * rng.uniform(0, 30, n), "liquidity_locked": crypto * rng.uniform(0, 100, n),
        "contract_verified": crypto, "honeypot_score": crypto * rng.uniform(0, 0.1, n),
        "dex_listing_count": crypto * rng.poisson(2, n), "holder_concentration": rng.uniform(20, 60, n),
        "volume_authenticity": rng.beta(8, 2, n),
    }


def _thesis(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    return {
        "thesis_length": np.rint(rng.gamma(50, 2, n)), "thesis_keywords": rng.poisson(3, n),
        "financial_metrics": _flag(rng, n, 0.5), "catalyst_mentioned": _flag(rng, n, 0.4),
        "competitive_advantage": _flag(rng, n, 0.4), "addressable_market": _flag(rng, n, 0.3),
        "team_quality": _flag(rng, n, 0.5),           # the original draws a number in 0 to 1 for what is a flag
        "partnerships": _flag(rng, n, 0.3), "regulatory_risk": _flag(rng, n, 0.2),
        "hype_language_penalty": rng.poisson(0.5, n),
    }


def _interactions(table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        "dan_x_reactions": table["dan_endorsed"] * table["total_reactions"],
        "early_momentum": table["reaction_velocity"] * (1 - table["trends_peak_ratio"]),
        "source_consensus": table["multi_source"] * table["mention_count"],
        "conviction_quality": table["reaction_diversity"] * table["thesis_quality_score"],
        "smart_timing": table["whale_accumulation"] * table["reaction_recency"],
    }


def _with_flags(drawn: pd.DataFrame, *, has_flags: bool) -> pd.DataFrame:
    is_stock = drawn["is_crypto"] == 0
    onchain = {name: drawn[name].mask(is_stock, np.nan if has_flags else 0.0) for name in _ONCHAIN}
    return drawn.assign(**onchain, **dict.fromkeys(_KNOWN, 1.0), has_onchain=drawn["is_crypto"])
