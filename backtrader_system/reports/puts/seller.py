"""What selling puts brought, from the trade blotter alone: premium, buybacks, payoffs, shares, fees."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

ASSIGNED = ("assigned", "assigned_early")
WORTHLESS = "worthless"
TAIL = 0.05                 # the worst trades whose mean is the tail loss
TOLERANCE = 0.01            # money


@dataclass(frozen=True, slots=True)
class Seller:
    """Sums over closed trades in money; payoffs, buybacks and fees are positive.

    sold : closed short puts; contracts : sum of their contracts. payoffs : paid at assignment. shares_pnl : what the
    assigned shares brought until they were sold, after costs. tail_loss : mean of the worst 5 % of the puts.
    needed_hit_rate : share that must expire worthless to break even at the mean P&L of worthless and of assigned puts;
        NaN without both, or where one of them has the wrong sign.

    Examples
    --------
    >>> seller = Seller(10, 20, 8, 2, 500.0, 0.0, 300.0, 13.0, 5.0, 192.0, -90.0, 30.0, 0, 0.0)
    >>> seller.adds_up, seller.hit_rate, seller.kept_share
    (True, 0.8, 0.384)
    """

    sold: int
    contracts: float
    worthless: int
    assigned: int
    premium: float
    buybacks: float
    payoffs: float
    fees: float
    shares_pnl: float
    net_pnl: float
    tail_loss: float
    median_pnl: float
    open_trades: int
    open_pnl: float
    needed_hit_rate: float = math.nan

    @property
    def adds_up(self) -> bool:
        """Whether premium - buybacks - payoffs - fees + shares is the net P&L."""
        ours = self.premium - self.buybacks - self.payoffs - self.fees + self.shares_pnl
        return math.isclose(ours, self.net_pnl, rel_tol=1e-9, abs_tol=TOLERANCE)

    @property
    def hit_rate(self) -> float:
        """Share of the closed puts that expired worthless; NaN without one."""
        return self.worthless / self.sold if self.sold else math.nan

    @property
    def mean_pnl(self) -> float:
        """Net P&L over puts sold; NaN without one."""
        return self.net_pnl / self.sold if self.sold else math.nan

    @property
    def kept_share(self) -> float:
        """Net P&L over premium; NaN without one."""
        return self.net_pnl / self.premium if self.premium else math.nan


def seller_of(trades: pd.DataFrame) -> Seller:
    """Return the sums of a trade table of `ledgers.schemas.TRADES`; puts are the short trades."""
    closed, still = trades[trades["status"] == "closed"], trades[trades["status"] != "closed"]
    puts, shares = put_trades(closed), closed[closed["size"] > 0]
    is_assigned = puts["exit_reason"].isin(ASSIGNED)
    paid = puts["exit_price"] * puts["size"].abs()
    worst = puts["net_pnl"].nsmallest(math.ceil(TAIL * len(puts)))
    return Seller(
        sold=len(puts), contracts=float(puts["size"].abs().sum()),
        worthless=int((puts["exit_reason"] == WORTHLESS).sum()), assigned=int(is_assigned.sum()),
        premium=float((puts["entry_price"] * puts["size"].abs()).sum()), buybacks=float(paid[~is_assigned].sum()),
        payoffs=float(paid[is_assigned].sum()), fees=float(puts["commission"].sum()),
        shares_pnl=float(shares["net_pnl"].sum()), net_pnl=float(closed["net_pnl"].sum()),
        tail_loss=float(worst.mean()), median_pnl=float(puts["net_pnl"].median()),
        open_trades=len(still), open_pnl=float(still["net_pnl"].sum()),
        needed_hit_rate=_needed(puts.loc[puts["exit_reason"] == WORTHLESS, "net_pnl"].mean(),
                                puts.loc[is_assigned, "net_pnl"].mean()))


def _needed(gain: float, loss: float) -> float:
    return -loss / (gain - loss) if gain > 0 > loss else math.nan


def put_trades(trades: pd.DataFrame) -> pd.DataFrame:
    """Return the trades in puts: the short ones."""
    return trades[trades["size"] < 0]


def losing_puts(trades: pd.DataFrame) -> pd.DataFrame:
    """Return the closed puts that lost by their payoff or their buyback; a fee above the premium is no such loss."""
    puts = put_trades(trades)
    return puts[(puts["status"] == "closed") & (puts["net_pnl"] < 0) & (puts["exit_reason"] != WORTHLESS)]


def monthly_money(trades: pd.DataFrame) -> pd.DataFrame:
    """Return money by month in which puts ended: premium, paid (buybacks and payoffs), net; index: month."""
    puts = put_trades(trades[trades["status"] == "closed"])
    paid = puts["exit_price"] * puts["size"].abs()
    months = puts["exit_session"].dt.to_period("M")
    sums = pd.DataFrame({
        "premium": (puts["entry_price"] * puts["size"].abs()).groupby(months).sum(),
        "paid": paid.groupby(months).sum(), "net": puts["net_pnl"].groupby(months).sum()})
    if sums.empty:
        return sums
    return sums.reindex(pd.period_range(sums.index.min(), sums.index.max(), freq="M"), fill_value=0.0)
