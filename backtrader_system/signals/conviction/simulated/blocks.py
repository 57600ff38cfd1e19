"""What simulated signals say: their blocks of fields, drawn from two hidden qualities.

`seen` drives what only a model reads; `counted` drives what the scrapers' rules count. Whatever neither drives is drawn
by itself. With both planted skills 0 they are noise, and so is everything here.

`seen` drives how many comment and how many different people react, and the sentences on patents, partners, launches
and the team; of crypto also searches (now, against 7 and 30 days ago and the peak), the length of the thesis, links,
holders, whales, smart money, locked liquidity, verified volume and the number of venues.

`counted` drives fire, rocket and thumbs-up reactions, bullish and strong words, the emoji of the message and the
endorsement.

Of stocks the rules' overlay reads searches and the length of a thesis; there they are noise. Liquidity, honeypots and
words of quality and hype are noise everywhere, for the rules read them too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.fields import BLOCKS
from backtrader_system.signals.conviction.simulated.places import SignalPlaces
from backtrader_system.signals.conviction.simulated.texts import MessagePlan, compose_messages

LOADING = 0.7                   # correlation of a driven number, before it is rounded, with what drives it
REACTIONS = ("\N{FIRE}", "\N{ROCKET}", "\N{THUMBS UP SIGN}", "\N{FLEXED BICEPS}", "\N{GEM STONE}", "\N{EYES}")
USUAL_LOG_COUNT = (2.6, 2.0, 2.2, 0.6, 0.8, 0.8)
COUNTED_REACTIONS = 3           # the first of them carry `counted` in full, the others not
HALF_HOURS = 0.33               # reactions come fast: a half of them within twenty minutes
MISSING_MESSAGE, MISSING_TRENDS, MISSING_ONCHAIN, MISSING_PRICE = 0.02, 0.08, 0.12, 0.2
SEARCH_PEAK = 100.0             # a search index is a share of its own peak


@dataclass(frozen=True, slots=True)
class Qualities:
    """The hidden qualities of signals, standard normal, shape (n,), and whether each is of a crypto asset.

    Examples
    --------
    >>> seen = np.random.default_rng(0).standard_normal(10_000)
    >>> qualities = Qualities(seen, seen * 0, seen > -9)
    >>> round(float(np.corrcoef(seen, qualities.driven(seen, np.random.default_rng(1)))[0, 1]), 1)
    0.7
    """

    seen: np.ndarray
    counted: np.ndarray
    is_crypto: np.ndarray

    def __len__(self) -> int:
        return len(self.seen)

    def driven(self, quality: np.ndarray, stream: np.random.Generator) -> np.ndarray:
        """Return standard normal numbers that correlate with `quality` by LOADING."""
        return LOADING * quality + np.sqrt(1 - LOADING**2) * stream.standard_normal(len(self))

    def seen_of_crypto(self, stream: np.random.Generator) -> np.ndarray:
        """Return numbers driven by `seen` for crypto and by nothing for stocks."""
        return np.where(self.is_crypto, self.driven(self.seen, stream), stream.standard_normal(len(self)))


def message_block(
    ids: np.ndarray, tickers: np.ndarray, places: SignalPlaces, qualities: Qualities, stream: np.random.Generator
) -> pd.DataFrame:
    """Return the messages, known the moment they are posted; a few are empty, as a picture without a text."""
    n = len(qualities)
    details = _count(qualities.driven(qualities.seen, stream), -0.4, 0.8, 6)
    thesis = _count(qualities.seen_of_crypto(stream), 0.8, 0.7, 10)
    # The rules read how long a stock's thesis is, so its details stand in place of other sentences.
    of_stock = np.minimum(1 + stream.poisson(3.0, n), 10)
    details = np.where(qualities.is_crypto, details, np.minimum(details, of_stock))
    words = qualities.driven(qualities.counted, stream)
    is_endorsed = stream.random(n) < _logistic(-2.2 + 1.2 * qualities.driven(qualities.counted, stream))
    plan = MessagePlan(
        ticker=tickers, is_crypto=qualities.is_crypto, is_endorsed=is_endorsed,
        bullish=np.digitize(words, [-0.5, 0.3, 1.0, 1.8]),
        fires=_count(qualities.driven(qualities.counted, stream), -0.6, 0.7, 6),
        rockets=_count(qualities.driven(qualities.counted, stream), -0.8, 0.7, 2),       # three would be hype
        fundamentals=np.minimum(stream.poisson(0.5, n), 3), hype=np.minimum(stream.poisson(0.2, n), 2),
        details=details, thesis=np.where(qualities.is_crypto, thesis, of_stock - details),
        links=_count(qualities.seen_of_crypto(stream), -1.2, 0.7, 3))
    texts = np.array(compose_messages(plan, stream), dtype=object)
    texts[stream.random(n) < MISSING_MESSAGE] = ""
    price = _significant(places.last_close * (1 + stream.normal(0, 0.004, n)))
    price[stream.random(n) < MISSING_PRICE] = np.nan
    return _block("message", ids, places.signal_time, {
        "message": texts, "dan_endorsed": is_endorsed.astype(float), "price_at_signal": price})


def reactions_block(
    ids: np.ndarray, places: SignalPlaces, qualities: Qualities, stream: np.random.Generator
) -> pd.DataFrame:
    """Return two or three counts of the reactions of each signal, which grow: minutes, hours and days after it."""
    n = len(qualities)
    counted = qualities.driven(qualities.counted, stream)
    mood = stream.normal(0, 0.3, n)                      # how busy the room is
    final = np.column_stack([
        stream.poisson(np.exp(usual + mood + (0.8 * counted if number < COUNTED_REACTIONS else 0.0)))
        for number, usual in enumerate(USUAL_LOG_COUNT)])
    reactors = 0.5 + 0.48 * _logistic(0.3 + 1.2 * qualities.driven(qualities.seen, stream))
    comments = np.floor(np.exp(1.8 + 0.8 * qualities.driven(qualities.seen, stream)))
    mentions = 1 + stream.poisson(0.5, n)
    hours = (stream.uniform(5 / 60, 40 / 60, n), stream.uniform(3, 12, n), stream.uniform(24, 96, n))
    has_third = stream.random(n) < 0.5
    parts = []
    for number, age in enumerate(hours):
        share = np.sqrt(age / (age + 3 * HALF_HOURS))
        now = np.floor(final * share[:, None]).astype(np.int64)
        total = now.sum(axis=1)
        values = {
            "reactions": np.array([_reaction_text(row) for row in now.tolist()], dtype=object),
            "total_reactions": total.astype(float), "unique_reactors": np.ceil(total * reactors),
            "comment_count": np.floor(comments * share),
            "mention_count": (mentions + (stream.poisson(0.3, n) if number == 2 else 0)).astype(float)}
        block = _block("reactions", ids, places.signal_time + _hours(age), values)
        parts.append(block[has_third] if number == 2 else block)
    return pd.concat(parts, ignore_index=True)


def trends_block(
    ids: np.ndarray, places: SignalPlaces, qualities: Qualities, stream: np.random.Generator
) -> pd.DataFrame:
    """Return searches, looked up minutes after the signal; missing for some."""
    n = len(qualities)
    level = 0.15 + 0.8 * _logistic(-0.2 - 1.0 * qualities.seen_of_crypto(stream))
    now = np.clip(np.round(SEARCH_PEAK * level), 1, SEARCH_PEAK)
    week = now / np.exp(0.15 + 0.35 * qualities.seen_of_crypto(stream))
    month = now / np.exp(0.25 + 0.5 * qualities.seen_of_crypto(stream))
    block = _block("trends", ids, places.signal_time + _hours(stream.uniform(0, 0.2, n)), {
        "trends_now": now, "trends_7d_ago": np.clip(np.round(week), 0, SEARCH_PEAK),
        "trends_30d_ago": np.clip(np.round(month), 0, SEARCH_PEAK), "trends_peak": np.full(n, SEARCH_PEAK)})
    return block[stream.random(n) >= MISSING_TRENDS].reset_index(drop=True)


def onchain_block(
    ids: np.ndarray, places: SignalPlaces, qualities: Qualities, stream: np.random.Generator
) -> pd.DataFrame:
    """Return what a chain shows of crypto assets, looked up minutes after the signal; missing for some."""
    n = len(qualities)

    def driven() -> np.ndarray:
        return qualities.driven(qualities.seen, stream)

    is_whale = stream.random(n) < _logistic(-1.2 + 1.0 * driven())
    values = {
        "liquidity": np.round(np.exp(stream.normal(13.2, 1.3, n))), "holder_growth_7d": np.round(4 + 6 * driven(), 1),
        "whale_buying": is_whale, "smart_money_holds": is_whale & (stream.random(n) < 0.5),
        "liquidity_locked_share": np.round(100 * _logistic(0.3 + 1.1 * driven())),
        "contract_verified": stream.random(n) < 0.94,
        "honeypot_score": np.where(stream.random(n) < 0.02, 1.0, np.round(stream.uniform(0, 0.1, n), 3)),
        "top10_share": np.round(100 * _logistic(-0.6 - 0.8 * driven())),
        "dex_count": 1 + np.floor(np.exp(0.5 + 0.6 * driven())),        # none would be a fault to the rules
        "volume_authenticity": np.round(_logistic(1.2 + 0.9 * driven()), 3),
        "token_age_days": np.ceil(np.exp(stream.normal(6.0, 1.0, n)))}
    block = _block("onchain", ids, places.signal_time + _hours(stream.uniform(0, 0.3, n)), values)
    return block[qualities.is_crypto & (stream.random(n) >= MISSING_ONCHAIN)].reset_index(drop=True)


def _block(name: str, ids: np.ndarray, known_at: pd.DatetimeIndex, values: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return revisions in the columns of `SignalHistory`, as a file of them would be read."""
    never = pd.DatetimeIndex(np.full(len(ids), np.datetime64("NaT", "ns"))).tz_localize("UTC")
    stamps = {"signal_id": pd.array(ids, dtype="str"), "known_at": known_at, "recorded_at": never, "is_stamped": True}
    typed = {field: pd.array(values[field], dtype="str") if values[field].dtype == object
             else values[field].astype(float) for field in BLOCKS[name]}
    return pd.DataFrame(stamps | typed)


def _reaction_text(counts: list[int]) -> str:
    named = sorted((emoji, count) for emoji, count in zip(REACTIONS, counts, strict=True) if count)
    return json.dumps(dict(named), ensure_ascii=False) if named else ""


def _count(quality: np.ndarray, usual: float, spread: float, most: int) -> np.ndarray:
    """Return whole numbers from 0 to `most` that rise with the quality."""
    return np.minimum(np.floor(np.exp(usual + spread * quality)), most).astype(np.int64)


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def _hours(hours: np.ndarray) -> pd.TimedeltaIndex:
    """Return durations in whole seconds."""
    return pd.TimedeltaIndex(np.ceil(hours * 3600).astype("timedelta64[s]"))


def _significant(prices: np.ndarray) -> np.ndarray:
    """Return prices with six significant digits, so that a file holds them exactly."""
    return np.array([float(f"{price:.6g}") for price in prices.tolist()])
