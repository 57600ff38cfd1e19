"""The 53 features of a signal as known at its decision.

Definition, unit, timing and the differences of the two modes: docs/conviction_features.md.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.features.feature_inputs import (
    ONCHAIN_DEFAULTS,
    FeatureInputs,
    inputs_as_known,
    inputs_as_the_original,
)
from backtrader_system.signals.conviction.features.feature_names import FEATURES, MISSING_FLAGS
from backtrader_system.signals.conviction.features.text_features import text_features

YOUNG_MESSAGE_HOURS, NEW_TOKEN_DAYS = 48.0, 30.0
POINT_IN_TIME, COMPAT = "point_in_time", "compat"
_HOUR = np.timedelta64(3_600_000_000_000, "ns")


def conviction_features(
    known: pd.DataFrame, market: pd.DataFrame, *, decided_at: pd.DatetimeIndex, mode: str = POINT_IN_TIME
) -> pd.DataFrame:
    """Return the features of signals.

    known : what was known of each signal at its decision, as `history.as_of` returns it.
    market : prices and volumes around the same decisions, row by row, as `market_inputs` returns them.
    decided_at : aware, shape (n,); the instant of each decision, NaT for none.
    mode : "point_in_time": whole words, NaN for whatever is not known and flags that say so. "compat": substrings,
        defaults and floors of the original, for comparison with models trained by it.
    Returns: columns FEATURES, in point_in_time also MISSING_FLAGS; float64, never infinite; index of `known`.
    Raises: DataError for a signal that is posted after its decision, for tables of different lengths and for
        reactions that cannot be read; ValueError for an unknown mode.

    Timing: uses nothing but its arguments; the age of a message runs from its post to the decision.

    Examples
    --------
    >>> from backtrader_system.signals.conviction.fields import FIELDS, TEXTS
    >>> known = pd.DataFrame({name: [""] if name in TEXTS else [np.nan] for name in FIELDS})
    >>> now = pd.DatetimeIndex(["2024-05-02"], tz="UTC")
    >>> known = known.assign(signal_id="a", asset_type="crypto", source="Yieldschool-YieldHub", total_reactions=30.0,
    ...                      signal_time=now - pd.Timedelta(hours=12), message="A wide moat, buying before the launch")
    >>> market = pd.DataFrame({"price_at_mention": [0.002], "current_price": [0.004], "volume_now": [9e5],
    ...                        "volume_30d_average": [3e5]})
    >>> row = conviction_features(known, market, decided_at=now).iloc[0]
    >>> row[["reaction_velocity", "price_vs_mention", "catalyst_mentioned", "google_trends_now"]].tolist()
    [2.5, 2.0, 1.0, nan]
    """
    if mode not in (POINT_IN_TIME, COMPAT):
        raise ValueError(f"mode must be '{POINT_IN_TIME}' or '{COMPAT}', was {mode!r}")
    if not len(known) == len(market) == len(decided_at):
        raise DataError(f"every signal needs one row of market inputs and one decision: {len(known)} signals, "
                        f"{len(market)} market rows, {len(decided_at)} decisions")
    age_hours = _age_hours(known, decided_at)
    is_compat = mode == COMPAT
    inputs = (inputs_as_the_original if is_compat else inputs_as_known)(known, market, age_hours)
    with np.errstate(over="ignore"):
        values = _features(inputs)
    names = FEATURES
    if not is_compat:
        values = {**_without_unread_text(values, inputs), **_missing_flags(values, inputs, known["asset_type"])}
        names = (*FEATURES, *MISSING_FLAGS)
    return pd.DataFrame({name: np.where(np.isinf(values[name]), np.nan, values[name]) for name in names},
                        index=known.index)


def _age_hours(known: pd.DataFrame, decided_at: pd.DatetimeIndex) -> np.ndarray:
    decided = pd.DatetimeIndex(decided_at).tz_convert("UTC").as_unit("ns").tz_localize(None).to_numpy()
    posted = pd.DatetimeIndex(known["signal_time"]).tz_convert("UTC").as_unit("ns").tz_localize(None).to_numpy()
    age = np.where(np.isnat(decided) | np.isnat(posted), np.nan, (decided - posted) / _HOUR)
    late = np.flatnonzero(age < 0)
    if late.size:
        raise DataError(
            f"{late.size} signals are posted after the instant of their decision; decide at a later close",
            faults=[f"{known['signal_id'].iloc[n]}: posted {posted[n]} UTC, decided {decided[n]} UTC"
                    for n in late[:20]])
    return age


def _features(inputs: FeatureInputs) -> dict[str, np.ndarray]:
    values = {**_source(inputs), **_social(inputs), **_timing(inputs), **_onchain(inputs),
              **text_features(inputs.facts)}
    quality = np.where(_has_text(inputs), values["thesis_quality_score"], np.nan)
    return {**values,
            "dan_x_reactions": values["dan_endorsed"] * values["total_reactions"],
            "early_momentum": values["reaction_velocity"] * (1.0 - values["trends_peak_ratio"]),
            "source_consensus": values["multi_source"] * values["mention_count"],
            "conviction_quality": values["reaction_diversity"] * quality,
            "smart_timing": values["whale_accumulation"] * values["reaction_recency"]}


def _source(inputs: FeatureInputs) -> dict[str, np.ndarray]:
    return {
        "dan_endorsed": inputs["dan"],
        "source_yieldschool": inputs["is_yieldschool"],
        "source_bluechips": inputs["is_bluechips"],
        "source_dumbmoney": inputs["is_dumbmoney"],
        "mention_count": inputs["mentions"],
        "multi_source": _flag(inputs["mentions"] > 1, inputs["mentions"]),
        "source_reliability_score": inputs["reliability"],
    }


def _social(inputs: FeatureInputs) -> dict[str, np.ndarray]:
    reactions, age = inputs["reactions"], inputs["age_hours"]
    return {
        "total_reactions": reactions,
        "fire_reactions": inputs["fire"],
        "rocket_reactions": inputs["rocket"],
        "thumbsup_reactions": inputs["thumbsup"],
        "reaction_velocity": reactions / np.maximum(age, 1.0),
        "reaction_diversity": inputs["reactors"],
        "comment_count": inputs["comments"],
        "hype_ratio": (inputs["fire"] + inputs["rocket"]) / np.maximum(reactions, 1.0),
        "reaction_recency": _flag(age < YOUNG_MESSAGE_HOURS, age),
    }


def _timing(inputs: FeatureInputs) -> dict[str, np.ndarray]:
    now, week, month = inputs["trends_now"], inputs["trends_7d_ago"], inputs["trends_30d_ago"]
    return {
        "google_trends_now": now,
        "google_trends_7d_change": 100.0 * (now - week) / np.maximum(week, 1.0),
        "google_trends_30d_change": 100.0 * (now - month) / np.maximum(month, 1.0),
        "trends_peak_ratio": now / np.maximum(inputs["trends_peak"], 1.0),
        "message_age_hours": inputs["age_hours"],
        "price_vs_mention": inputs["current_price"] / inputs["price_at_mention"],
        "volume_spike": inputs["volume_now"] / inputs["volume_30d_average"],
        "new_token": _flag(inputs["token_age_days"] < NEW_TOKEN_DAYS, inputs["token_age_days"]),
    }


def _onchain(inputs: FeatureInputs) -> dict[str, np.ndarray]:
    names = ("liquidity_level", "holder_growth", "whale_accumulation", "smart_money_holdings", "liquidity_locked",
             "contract_verified", "honeypot_score", "holder_concentration", "dex_listing_count",
             "volume_authenticity")
    return {name: inputs[field] for name, field in zip(names, ONCHAIN_DEFAULTS, strict=True)}


def _has_text(inputs: FeatureInputs) -> np.ndarray:
    """Return where the message counts: the original reads a missing one as an empty one."""
    return inputs.facts.is_given | (not inputs.facts.is_whole_word)


def _without_unread_text(values: dict[str, np.ndarray], inputs: FeatureInputs) -> dict[str, np.ndarray]:
    unread = {name: np.where(inputs.facts.is_given, values[name], np.nan) for name in text_features(inputs.facts)}
    return {**values, **unread}


def _missing_flags(
    values: dict[str, np.ndarray], inputs: FeatureInputs, asset_type: pd.Series
) -> dict[str, np.ndarray]:
    is_known = {name: np.isfinite(values[name]) for name in
                ("total_reactions", "google_trends_now", "price_vs_mention", "volume_spike")}
    has_onchain = np.any([np.isfinite(inputs[name]) for name in (*ONCHAIN_DEFAULTS, "token_age_days")], axis=0)
    kind = asset_type.to_numpy(dtype=object)
    flags = {
        "has_message": inputs.facts.is_given, "has_reactions": is_known["total_reactions"],
        "has_trends": is_known["google_trends_now"], "has_onchain": has_onchain,
        "has_price": is_known["price_vs_mention"], "has_volume": is_known["volume_spike"]}
    is_crypto = np.where(kind == "crypto", 1.0, np.where(kind == "stock", 0.0, np.nan))
    return {**{name: flag.astype(float) for name, flag in flags.items()}, "is_crypto": is_crypto}


def _flag(condition: np.ndarray, value: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(value), np.nan, condition.astype(float))
