"""The raw values behind the features: as they are known, or as the original filled them in.

Both modes compute features by the same formulas (`features.py`); they differ in what they feed them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.features.message_terms import ENDORSER
from backtrader_system.signals.conviction.features.reaction_counts import reaction_counts
from backtrader_system.signals.conviction.features.source_family import SourceFamily, plain_source, source_family
from backtrader_system.signals.conviction.features.text_features import MessageFacts

RELIABILITY_YIELDHUB, RELIABILITY_YIELDSCHOOL, RELIABILITY_DUMB_MONEY, RELIABILITY_OTHER = 0.85, 0.75, 0.70, 0.50
# Field of the signal, and what the original takes where a crypto signal lacks it.
ONCHAIN_DEFAULTS = {
    "liquidity": 0.0, "holder_growth_7d": 0.0, "whale_buying": 0.0, "smart_money_holds": 0.0,
    "liquidity_locked_share": 0.0, "contract_verified": 0.0, "honeypot_score": 0.0, "top10_share": 50.0,
    "dex_count": 0.0, "volume_authenticity": 0.5}
TREND_DEFAULTS = {"trends_now": 50.0, "trends_7d_ago": 40.0, "trends_30d_ago": 30.0, "trends_peak": 100.0}
DEFAULT_AGE_HOURS, DEFAULT_TOKEN_AGE_DAYS = 24.0, 365.0
PRICE_FLOOR, VOLUME_FLOOR, REACTORS_PER_REACTION = 0.01, 1.0, 0.7
_SOURCE_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class FeatureInputs:
    """What the formulas of the features read; every array float64, shape (n,).

    numbers : dan, mentions, reactions, fire, rocket, thumbsup, reactors, comments, age_hours, token_age_days,
        price_at_mention, current_price, volume_now, volume_30d_average, is_yieldschool, is_bluechips, is_dumbmoney,
        reliability, and the fields of trends and on-chain values under their own names.
    facts : what the messages hold.

    Examples
    --------
    >>> FeatureInputs({"age_hours": np.array([12.0])}, MessageFacts(["hi"], is_whole_word=True))["age_hours"]
    array([12.])
    """

    numbers: dict[str, np.ndarray]
    facts: MessageFacts

    def __getitem__(self, name: str) -> np.ndarray:
        return self.numbers[name]


def inputs_as_known(known: pd.DataFrame, market: pd.DataFrame, age_hours: np.ndarray) -> FeatureInputs:
    """Return the inputs with NaN for whatever is not known.

    known : as `history.as_of` returns it. market : as `market_inputs` returns it. age_hours : NaN for unknown.
    """
    facts = MessageFacts(known["message"], is_whole_word=True)
    counts = reaction_counts(known["reactions"])
    given = float_column(known, "total_reactions")
    is_stock = (known["asset_type"] == "stock").to_numpy()
    onchain = {name: np.where(is_stock, np.nan, float_column(known, name))
               for name in (*ONCHAIN_DEFAULTS, "token_age_days")}
    trends = {name: float_column(known, name) for name in TREND_DEFAULTS}
    # A peak that was read before today's high is no peak any more.
    trends["trends_peak"] = np.maximum(trends["trends_peak"], trends["trends_now"])
    return FeatureInputs({
        **_source_numbers(known["source"]), **onchain, **trends,
        "dan": endorsed(known, facts),
        "mentions": float_column(known, "mention_count"),
        "reactions": np.fmax(given, counts["total"].to_numpy()),
        **{kind: counts[kind].to_numpy() for kind in ("fire", "rocket", "thumbsup")},
        "reactors": float_column(known, "unique_reactors"),
        "comments": float_column(known, "comment_count"),
        "age_hours": age_hours,
        **{name: _above_zero(float_column(market, name))
           for name in ("price_at_mention", "current_price", "volume_30d_average")},
        "volume_now": float_column(market, "volume_now"),
    }, facts)


def inputs_as_the_original(known: pd.DataFrame, market: pd.DataFrame, age_hours: np.ndarray) -> FeatureInputs:
    """Return the inputs with the original's defaults, floors and substring matches."""
    counts = reaction_counts(known["reactions"], is_exact=True).fillna(0.0)
    reactions = _filled(known, "total_reactions", counts["total"].to_numpy())
    is_crypto = (known["asset_type"] == "crypto").to_numpy()
    mention = _filled(market, "price_at_mention", 1.0)
    volume = _filled(market, "volume_now", 0.0)
    return FeatureInputs({
        **_source_numbers_of_the_original(known["source"]),
        **{name: np.where(is_crypto, _filled(known, name, fill), 0.0) for name, fill in ONCHAIN_DEFAULTS.items()},
        **{name: _filled(known, name, fill) for name, fill in TREND_DEFAULTS.items()},
        "dan": _filled(known, "dan_endorsed", 0.0),
        "mentions": _filled(known, "mention_count", 1.0),
        "reactions": reactions,
        **{kind: counts[kind].to_numpy() for kind in ("fire", "rocket", "thumbsup")},
        "reactors": _filled(known, "unique_reactors", np.floor(REACTORS_PER_REACTION * reactions)),
        "comments": _filled(known, "comment_count", 0.0),
        "age_hours": np.where(np.isnan(age_hours), DEFAULT_AGE_HOURS, age_hours),
        "token_age_days": _filled(known, "token_age_days", DEFAULT_TOKEN_AGE_DAYS),
        "price_at_mention": np.maximum(mention, PRICE_FLOOR),
        "current_price": _filled(market, "current_price", mention),
        "volume_now": volume,
        "volume_30d_average": np.maximum(_filled(market, "volume_30d_average", volume), VOLUME_FLOOR),
    }, MessageFacts(known["message"], is_whole_word=False))


def endorsed(known: pd.DataFrame, facts: MessageFacts) -> np.ndarray:
    """Return 1.0 where Dan endorses: as recorded, else if the word stands in the message or the name of the source.

    NaN where nothing is recorded and there is neither a message nor a source that says so.
    """
    said = facts.has_any(ENDORSER) > 0
    by_source = known["source"].map(_names_dan).to_numpy(dtype=bool)
    read = np.where(said | by_source, 1.0, np.where(facts.is_given, 0.0, np.nan))
    recorded = float_column(known, "dan_endorsed")
    return np.where(np.isnan(recorded), read, recorded)


def float_column(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as float64, NaN for missing."""
    return table[name].to_numpy(dtype=float, na_value=np.nan)


def _names_dan(source: str) -> bool:
    return not set(ENDORSER).isdisjoint(_SOURCE_WORDS.split(source.casefold()))


def _source_numbers(source: pd.Series) -> dict[str, np.ndarray]:
    names = {name: _source_row(name) for name in source.unique()}
    rows = np.array([names[name] for name in source], dtype=float).reshape(-1, 4)
    return dict(zip(("is_yieldschool", "is_bluechips", "is_dumbmoney", "reliability"), rows.T, strict=True))


def _source_row(source: str) -> tuple[float, float, float, float]:
    plain, family = plain_source(source), source_family(source)
    if family is SourceFamily.NONE:
        return (np.nan,) * 4
    reliability = {
        SourceFamily.YIELDSCHOOL: RELIABILITY_YIELDHUB if "yieldhub" in plain else RELIABILITY_YIELDSCHOOL,
        SourceFamily.DUMB_MONEY: RELIABILITY_DUMB_MONEY}.get(family, RELIABILITY_OTHER)
    is_family = [float(word in plain) for word in ("yieldschool", "bluechip", "dumbmoney")]
    return (*is_family, reliability)


def _source_numbers_of_the_original(source: pd.Series) -> dict[str, np.ndarray]:
    lowered = source.str.lower()
    has = {word: lowered.str.contains(word, regex=False).to_numpy(dtype=bool)
           for word in ("yieldschool", "yield hub", "bluechip", "dumbmoney")}
    reliability = np.select(
        [has["yieldschool"] & has["yield hub"], has["yieldschool"], has["dumbmoney"]],
        [RELIABILITY_YIELDHUB, RELIABILITY_YIELDSCHOOL, RELIABILITY_DUMB_MONEY], RELIABILITY_OTHER)
    return {"is_yieldschool": has["yieldschool"].astype(float), "is_bluechips": has["bluechip"].astype(float),
            "is_dumbmoney": has["dumbmoney"].astype(float), "reliability": reliability}


def _filled(table: pd.DataFrame, name: str, fill: float | np.ndarray) -> np.ndarray:
    values = float_column(table, name)
    return np.where(np.isnan(values), fill, values)


def _above_zero(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, np.nan)
