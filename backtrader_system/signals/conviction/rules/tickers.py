"""Tickers named in a message."""

from __future__ import annotations

import re
from collections.abc import Collection

from backtrader_system.signals.conviction.features.message_terms import LINK
from backtrader_system.signals.conviction.features.source_family import SourceFamily
from backtrader_system.signals.conviction.reading.plain_words import PLAIN_WORDS

# Without the $ sign these two are talk of the market, not an idea.
MARKET_TALK = frozenset({"BTC", "ETH"})
_CASHTAG = r"(?<![\w$])\$(?P<tag>[A-Z]{%d,%d})(?![A-Za-z0-9])"
# A word with an apostrophe or a hyphen is language: IT'S, AI-LED.
_BARE = r"|(?<![\w$'\u2019-])(?P<bare>[A-Z]{3,5})(?![\w'\u2019-])"
_DUMB_MONEY = re.compile(_CASHTAG % (1, 5))
_OTHERS = re.compile(_CASHTAG % (2, 6) + _BARE)


def extract_tickers(
    message: str, family: SourceFamily | str, known_symbols: Collection[str] | None = None
) -> tuple[str, ...]:
    """Return the tickers that a message names, each once, in the order of their first mention.

    family : Dumb Money writes $ and 1 to 5 capitals. All others: $ and 2 to 6 capitals, or 3 to 5 capitals that stand
        alone and are no plain word (THE, SEC, GPU, ...), nor BTC or ETH.
    known_symbols : the symbols of an exchange; what is not among them is left out. Without it a word in capitals that
        the list of plain words lacks is taken for a ticker.

    Examples
    --------
    >>> extract_tickers("Loading up on $TAO and RNDR, the SEC can wait. $AI too", "yieldschool")
    ('TAO', 'RNDR', 'AI')
    >>> extract_tickers("ASTS or $F?", "dumbmoney"), extract_tickers("HUGE for RNDR", "other", {"RNDR"})
    (('F',), ('RNDR',))
    """
    pattern = _DUMB_MONEY if SourceFamily(family) is SourceFamily.DUMB_MONEY else _OTHERS
    named = []
    for match in pattern.finditer(LINK.sub(" ", message)):
        found = match.groupdict()
        if found["tag"]:
            named.append(found["tag"])
        elif found["bare"] not in PLAIN_WORDS and found["bare"] not in MARKET_TALK:
            named.append(found["bare"])
    return tuple(dict.fromkeys(name for name in named if known_symbols is None or name in known_symbols))
