"""Words and phrases that features and rules look for in a message, and how they are found.

Two ways to look. `compat` takes a term as a run of characters anywhere in the message: "sec" is found in "second".
`point_in_time` compares whole words:

- Upper and lower case are equal; a plural, a genitive and the forms listed in `OTHER_FORMS` count as the term.
- The words of a phrase may be joined by blanks or hyphens, but not across the end of a clause.
- Links and cashtags ($MOON is a ticker) hold no words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

POSITIVE = ("bullish", "great", "strong", "buying", "accumulating", "undervalued", "opportunity", "conviction")
NEGATIVE = ("bearish", "weak", "risky", "overvalued", "dump", "scam")
THESIS = ("revenue", "growth", "earnings", "profit", "market share", "moat", "competitive advantage",
          "addressable market", "tam", "partnership", "patent", "first mover", "network effect")
FINANCIAL = ("p/e", "revenue", "earnings", "ebitda", "market cap")
CATALYST = ("approval", "fda", "fcc", "earnings", "launch", "release", "partnership announced", "acquisition",
            "merger")
ADVANTAGE = ("moat", "first mover", "patent", "network effect")
ADDRESSABLE = ("tam", "addressable market")
TEAM = ("experienced team", "y combinator", "yc", "founded")
PARTNERSHIP = ("partnership", "partner with", "partnered")
REGULATORY = ("fda", "fcc", "sec", "regulatory", "approval pending")
HYPE = ("moon", "lambo", "to the moon", "100x", "1000x", "life changing")

# What only the rules look for.
STRONG_CONVICTION = ("high conviction", "very bullish", "loading up", "going all in")
QUALITY = ("revenue growth", "earnings", "market share", "competitive advantage", "addressable market", "moat")
ENDORSER = ("dan",)

TERMS: tuple[str, ...] = tuple(dict.fromkeys((
    *POSITIVE, *NEGATIVE, *THESIS, *FINANCIAL, *CATALYST, *ADVANTAGE, *ADDRESSABLE, *TEAM, *PARTNERSHIP, *REGULATORY,
    *HYPE, *STRONG_CONVICTION, *QUALITY, *ENDORSER)))
TERM_PLACE = {term: place for place, term in enumerate(TERMS)}

OTHER_FORMS = {
    "launch": ("launches", "launched", "launching"), "release": ("released", "releasing"),
    "dump": ("dumped", "dumping"), "moon": ("mooning",), "opportunity": ("opportunities",),
    "strong": ("stronger", "strongest"), "weak": ("weaker", "weakness"), "approval": ("approved",),
    "profit": ("profitable", "profitability"), "patent": ("patented",), "scam": ("scammer", "scammers"),
    "partner with": ("partners with", "partnering with"), "accumulating": ("accumulate", "accumulation"),
}
# A word may be followed by a plural s; these are names or adjectives, whose plural would be another word.
WITHOUT_PLURAL = frozenset({"sec", "dan", "yc", "fda", "fcc", "great", "strong", "weak", "tam"})

LINK = re.compile(r"https?://\S+", re.IGNORECASE)
CASHTAG = re.compile(r"\$[A-Za-z]{1,10}\b")
_WORD_OR_CLAUSE_END = re.compile(r"[^\W_]+|[.!?;:,()\[\]]+(?=\s|$)|[\r\n|]+")


def whole_words(message: str) -> list[str]:
    """Return the words of a message in lower case and, between them, the signs that end a clause.

    Examples
    --------
    >>> whole_words("First-mover, $MOON to the moon! https://moat.io")
    ['first', 'mover', ',', 'to', 'the', 'moon', '!']
    """
    if "$" in message:
        message = CASHTAG.sub(" ", message)
    if "://" in message:
        message = LINK.sub(" ", message)
    return _WORD_OR_CLAUSE_END.findall(message.lower())


def terms_in(messages: Sequence[str], *, is_whole_word: bool) -> np.ndarray:
    """Return which terms each message holds.

    Returns: bool, shape (n_messages, n_terms), columns in the order of `TERMS`.
    """
    found = np.zeros((len(messages), len(TERMS)), dtype=bool)
    if is_whole_word:
        for row, message in enumerate(messages):
            found[row, _places_of_words(whole_words(message))] = True
        return found
    lowered = [message.lower() for message in messages]
    for place, term in enumerate(TERMS):
        found[:, place] = [term in message for message in lowered]
    return found


def _places_of_words(words: list[str]) -> list[int]:
    known = _FORM_WORDS.intersection(words)
    places = [_PLACE_OF_WORD[word] for word in known if word in _PLACE_OF_WORD]
    phrases = [phrase for word in known for phrase in _PHRASES_FROM.get(word, ())]
    if phrases:
        text = f" {' '.join(words)} "
        places += [place for phrase, place in phrases if phrase in text]
    return places


def _forms(term: str) -> tuple[str, ...]:
    plural = () if term in WITHOUT_PLURAL else (f"{term}s",)
    return (term, *plural, *OTHER_FORMS.get(term, ()))


# "p/e" is the phrase "p e" once its sign is a blank.
_ALL_FORMS = [(form.replace("/", " "), TERM_PLACE[term]) for term in TERMS for form in _forms(term)]
_PLACE_OF_WORD = {form: place for form, place in _ALL_FORMS if " " not in form}
_PHRASES_FROM = {
    form.split()[0]: [(f" {other} ", place) for other, place in _ALL_FORMS
                      if " " in other and other.split()[0] == form.split()[0]]
    for form, _ in _ALL_FORMS if " " in form}
_FORM_WORDS = frozenset(_PLACE_OF_WORD) | frozenset(_PHRASES_FROM)
