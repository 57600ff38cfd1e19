"""What a message says, as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.features import message_terms as terms

FIRE, ROCKET = "\N{FIRE}", "\N{ROCKET}"
MANY_EMOJI = 3
THESIS_WORDS, THESIS_DEPTH = (20, 50, 100), (0.2, 0.4, 0.6, 0.8)
FULL_KEYWORDS = 5
LINK_BONUS = 0.2
_HTTP = re.compile(r"http\S+")


class MessageFacts:
    """Which terms messages hold, every distinct message read once.

    messages : text, "" for none. is_whole_word : see `message_terms`.

    Examples
    --------
    >>> facts = MessageFacts(["a wide moat", "stamina"], is_whole_word=True)
    >>> facts.has_any(("moat", "tam")).tolist(), facts.n_words.tolist()
    ([1.0, 0.0], [3.0, 1.0])
    """

    def __init__(self, messages: Iterable[str], *, is_whole_word: bool) -> None:
        self.is_whole_word = is_whole_word
        link = terms.LINK if is_whole_word else _HTTP
        self._code, distinct = pd.factorize(pd.Series(messages, dtype=object).fillna(""), use_na_sentinel=False)
        self._distinct = [str(message) for message in distinct]
        self._found = terms.terms_in(self._distinct, is_whole_word=is_whole_word)
        self.n_words = self._each(lambda message: len(message.split()))
        self.n_links = self._each(lambda message: len(link.findall(message)))
        self.n_characters = self._each(len)
        self.is_given = self.n_words > 0

    def has_any(self, wanted: Iterable[str]) -> np.ndarray:
        """Return 1.0 where a message holds at least one of the terms, else 0.0."""
        return (self.count(wanted) > 0).astype(float)

    def count(self, wanted: Iterable[str]) -> np.ndarray:
        """Return how many of the terms each message holds; a term said twice counts once."""
        places = [terms.TERM_PLACE[term] for term in wanted]
        return self._found[:, places].sum(axis=1).astype(float)[self._code]

    def occurrences(self, text: str) -> np.ndarray:
        """Return how often each message holds this run of characters."""
        return self._each(lambda message: message.count(text))

    def _each(self, measure: Callable[[str], float]) -> np.ndarray:
        return np.array([measure(message) for message in self._distinct], dtype=float)[self._code]


def text_features(facts: MessageFacts) -> dict[str, np.ndarray]:
    """Return the features of the messages alone; an empty message gives what the original gives for one.

    Returns: name -> float64, shape (n,).
    """
    positive, negative = facts.count(terms.POSITIVE), facts.count(terms.NEGATIVE)
    n_opinions = positive + negative
    is_spam = np.maximum(facts.occurrences(ROCKET), facts.occurrences(FIRE)) > MANY_EMOJI
    return {
        "sentiment_score": np.where(n_opinions > 0, positive / np.maximum(n_opinions, 1.0), 0.5),
        "thesis_quality_score": thesis_quality(facts),
        "link_count": facts.n_links,
        "emoji_spam": is_spam.astype(float),
        "thesis_length": facts.n_words,
        "thesis_keywords": facts.count(terms.THESIS),
        "financial_metrics": facts.has_any(terms.FINANCIAL),
        "catalyst_mentioned": facts.has_any(terms.CATALYST),
        "competitive_advantage": facts.has_any(terms.ADVANTAGE),
        "addressable_market": facts.has_any(terms.ADDRESSABLE),
        "team_quality": facts.has_any(terms.TEAM),
        "partnerships": facts.has_any(terms.PARTNERSHIP),
        "regulatory_risk": facts.has_any(terms.REGULATORY),
        "hype_language_penalty": hype_words(facts) if facts.is_whole_word else facts.count(terms.HYPE),
    }


def thesis_quality(facts: MessageFacts) -> np.ndarray:
    """Return half the depth by length, 0.3 of the share of five keywords, and 0.04 for a link; 0.10 to 0.74."""
    depth = np.array(THESIS_DEPTH)[np.searchsorted(THESIS_WORDS, facts.n_words, side="right")]
    keywords = np.minimum(facts.count(terms.THESIS) / FULL_KEYWORDS, 1.0)
    return 0.5 * depth + 0.3 * keywords + 0.2 * np.where(facts.n_links > 0, LINK_BONUS, 0.0)


def hype_words(facts: MessageFacts) -> np.ndarray:
    """Return how many hype words each message holds; "to the moon" counts once, as moon."""
    return facts.count(term for term in terms.HYPE if term != "to the moon")
