"""What a put contract is, as the feed of its quotes carries it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any


class PutEvent(IntEnum):
    """What happens to a put after the close of a session: the values of the feed line `event`."""

    NONE = 0
    EXPIRES_WORTHLESS = 1
    ASSIGNED = 2            # at expiry
    ASSIGNED_EARLY = 3      # the holder exercises before expiry


# Reasons of expiry fills, and outcomes in the table of expiries.
REASONS = {
    PutEvent.EXPIRES_WORTHLESS: "worthless", PutEvent.ASSIGNED: "assigned", PutEvent.ASSIGNED_EARLY: "assigned_early"}


@dataclass(frozen=True, slots=True)
class PutTerms:
    """One put contract.

    strike : per unit of the underlying. expiry : the last day as the listing says. multiplier : units per contract.

    Examples
    --------
    >>> PutTerms("A P 90", "A", 90.0, date(2024, 1, 19), 100.0).cash_secured
    9000.0
    """

    contract: str
    underlying: str
    strike: float
    expiry: date
    multiplier: float = 100.0

    @property
    def cash_secured(self) -> float:
        """Money that pays for the shares of one contract, should it be assigned."""
        return self.strike * self.multiplier


def terms_of(data: Any) -> PutTerms | None:
    """Return the terms of the contract that a feed quotes; None for any other feed."""
    return getattr(data, "terms", None)
