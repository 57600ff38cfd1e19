"""Which chat room a signal comes from, whatever way its name is written."""

from __future__ import annotations

import re
from enum import StrEnum

_SEPARATORS = re.compile(r"[\W_]+")


class SourceFamily(StrEnum):
    """Rooms whose rules are known; `NONE` for a signal without a source.

    Examples
    --------
    >>> [source_family(name).value for name in ("Yieldschool-YieldHub", "Dumb Money", "dumbmoney-discord", "X", "")]
    ['yieldschool', 'dumbmoney', 'dumbmoney', 'other', '']
    """

    YIELDSCHOOL = "yieldschool"
    DUMB_MONEY = "dumbmoney"
    OTHER = "other"
    NONE = ""


def plain_source(source: str) -> str:
    """Return a source name in lower case without blanks, hyphens and other signs: Blue-Chips becomes bluechips."""
    return _SEPARATORS.sub("", source.casefold())


def source_family(source: str) -> SourceFamily:
    """Return the family of a source; a name that holds both counts as Yieldschool."""
    plain = plain_source(source)
    for family in (SourceFamily.YIELDSCHOOL, SourceFamily.DUMB_MONEY):
        if family.value in plain:
            return family
    return SourceFamily.OTHER if plain else SourceFamily.NONE
