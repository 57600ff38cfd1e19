"""What the broker notes of a fill beyond what Backtrader does."""

from __future__ import annotations

from typing import NamedTuple


class Fill(NamedTuple):
    """What Backtrader's execution bits do not tell about one fill; the i-th of an order belongs to its i-th bit."""

    session: float
    market_price: float        # before slippage
    slippage: float            # dollars
    is_ambiguous: bool         # the bar touched stop and target
