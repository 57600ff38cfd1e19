"""What the trade blotter says by plain arithmetic: the only source of every count and dollar of trades in a report."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from backtrader_system.reports.conviction.facts import facts_of
from backtrader_system.reports.result import RunResult

TARGET = "target"       # the exit reason of a trade that a resting sale at the target closed
TOLERANCE_DOLLARS = 0.01


@dataclass(frozen=True, slots=True)
class Blotter:
    """Counts and sums over closed trades, after costs; `gross_loss` is positive. Open trades stand apart.

    stakes : sum of what the entries cost without commission, dollars. mean_gain, mean_loss : means of the trades'
        returns, fractions; NaN without such a trade.

    Examples
    --------
    >>> seed = Blotter(9, 6, 6, 3, 6 * 6350.0, 3 * 900.0, 45_000.0, 1.27, -0.18, 0, 0.0)
    >>> seed.net_pnl, round(seed.profit_factor, 1)
    (35400.0, 14.1)
    """

    closed: int
    reached_target: int
    earning: int
    losing: int
    gross_profit: float
    gross_loss: float
    stakes: float
    mean_gain: float
    mean_loss: float
    open_trades: int
    open_pnl: float

    @property
    def net_pnl(self) -> float:
        """Dollars earned by closed trades."""
        return self.gross_profit - self.gross_loss

    @property
    def return_on_stakes(self) -> float:
        """Net P&L over the sum of stakes; NaN without a trade. The same dollars may have been staked several times."""
        return self.net_pnl / self.stakes if self.stakes else math.nan

    @property
    def profit_factor(self) -> float:
        """Gross profit over gross loss; infinite without a loss, NaN without a trade."""
        if self.gross_loss:
            return self.gross_profit / self.gross_loss
        return math.inf if self.gross_profit else math.nan

    @property
    def mean_gain_dollars(self) -> float:
        return self.gross_profit / self.earning if self.earning else math.nan

    @property
    def mean_loss_dollars(self) -> float:
        return -self.gross_loss / self.losing if self.losing else math.nan


def blotter_of(trades: pd.DataFrame) -> Blotter:
    """Return the counts and sums of a trade table of `ledgers.schemas.TRADES`."""
    closed = closed_trades(trades)
    still = trades[trades["status"] != "closed"]
    pnl = closed["net_pnl"]
    won, lost = closed[pnl > 0], closed[pnl < 0]
    return Blotter(
        closed=len(closed), reached_target=int((closed["exit_reason"] == TARGET).sum()),
        earning=len(won), losing=len(lost),
        gross_profit=float(won["net_pnl"].sum()), gross_loss=-float(lost["net_pnl"].sum()) + 0.0,
        stakes=float((closed["entry_price"] * closed["size"].abs()).sum()),
        mean_gain=float(won["return"].mean()), mean_loss=float(lost["return"].mean()),
        open_trades=len(still), open_pnl=float(still["net_pnl"].sum()),
    )


def closed_trades(trades: pd.DataFrame) -> pd.DataFrame:
    """Return the closed trades, best first by dollars, ties by number."""
    closed = trades[trades["status"] == "closed"]
    return closed.sort_values(["net_pnl", "trade_id"], ascending=[False, True])


def with_conviction(trades: pd.DataFrame, signals: pd.DataFrame) -> pd.DataFrame:
    """Return the trades with the score (1 to 10, NaN if none is known) and ticker of the signal that opened each.

    A signal opened a trade if it was deployed and has the trade's symbol and entry session; of several the one with
    the highest score counts.
    """
    if "ml_score" not in signals or "entry_session" not in signals or signals.empty:
        return trades.assign(conviction=math.nan, ticker=trades["symbol"])
    columns = ["symbol", "entry_session", "ml_score", "ticker"]
    known = signals[signals["deployed"].astype(bool)].assign(
        ticker=signals["ticker"] if "ticker" in signals else signals["symbol"])[columns]
    known = known.sort_values("ml_score", ascending=False, kind="stable").drop_duplicates(["symbol", "entry_session"])
    joined = trades.merge(known, on=["symbol", "entry_session"], how="left")
    return joined.assign(ticker=joined["ticker"].fillna(joined["symbol"])).rename(columns={"ml_score": "conviction"})


def disagreements(result: RunResult) -> list[str]:
    """Return where figures of the run differ from its own blotter, in words; nothing if all agree."""
    blotter, facts = blotter_of(result.trades), facts_of(result)
    found = []
    for name, ours, tolerance in (("net_pnl", blotter.net_pnl, TOLERANCE_DOLLARS),
                                  ("stakes", blotter.stakes, TOLERANCE_DOLLARS),
                                  ("return_on_stakes", blotter.return_on_stakes, 1e-9)):
        theirs = facts.value(name)
        if theirs is not None and not math.isclose(float(theirs), ours, abs_tol=tolerance, rel_tol=1e-9):
            found.append(f"the figure `{name}` of the run is {theirs}, its blotter gives {ours}")
    change = _change_of_equity(result.equity)
    if change is not None and not math.isclose(change, blotter.net_pnl + blotter.open_pnl,
                                               abs_tol=TOLERANCE_DOLLARS, rel_tol=1e-9):
        found.append(f"the account changed by {change:,.2f} dollars, its trades earned "
                     f"{blotter.net_pnl + blotter.open_pnl:,.2f}")
    return found


def _change_of_equity(equity: pd.DataFrame) -> float | None:
    if equity.empty:
        return None
    first = equity.iloc[0]
    return float(equity["equity"].iloc[-1]) - float(first["equity"]) / (1 + float(first["return"]))
