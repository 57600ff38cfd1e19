"""How each put that was not bought back ended, as a table made after the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backtrader_system.engine.bar_columns import dates_of
from backtrader_system.engine.puts.expiries import Settlement
from backtrader_system.engine.puts.market import PutMarket
from backtrader_system.engine.puts.terms import REASONS, PutEvent
from backtrader_system.ledgers.schemas import EXPIRIES, ledger_table

OPEN, UNKNOWN = "open", "unknown"


def expiry_table(market: PutMarket, settlements: Sequence[Settlement], trades: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `ledgers.schemas.EXPIRIES`, sorted by session and contract, those that never ended last.

    settlements : of the broker. trades : the blotter of the same run.
    """
    terms = market.terms.set_index("contract")
    rows = pd.concat([_ended(settlements, trades), _not_ended(market, trades)], ignore_index=True)
    own = terms.reindex(rows["contract"]).reset_index(drop=True)
    # A settlement knows the payoff, which says nothing of how far above the strike a worthless put ended.
    ends_at_expiry = rows["outcome"].isin([REASONS[PutEvent.EXPIRES_WORTHLESS], REASONS[PutEvent.ASSIGNED]])
    close = rows["underlying_close"].where(~ends_at_expiry, own["settle_price"])
    table = rows.assign(
        underlying=own["underlying"], strike=own["strike"], expiry=own["expiry"], underlying_close=close,
        moneyness=own["strike"] / close - 1)
    return ledger_table(EXPIRIES, table[EXPIRIES.names].sort_values(["session", "contract"], ignore_index=True))


def _ended(settlements: Sequence[Settlement], trades: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(settlements, columns=list(Settlement._fields))
    events = [PutEvent(event) for event in table["event"]]
    table = pd.DataFrame({
        "session": dates_of(table["session"].to_numpy(dtype=float)), "contract": table["contract"].astype("str"),
        "underlying_close": table["price"].astype(float), "contracts": table["contracts"].astype(float),
        "outcome": pd.array([REASONS[event] for event in events], dtype="str"),
        "payoff": table["payoff"].astype(float), "shares": table["shares"].astype(float),
        "assignment": pd.array([_assignment(event, shares) for event, shares in zip(
            events, table["shares"], strict=True)], dtype="str"),
    })
    key = ["contract", "session"]
    earned = trades.rename(columns={"symbol": "contract", "exit_session": "session", "net_pnl": "pnl_at_expiry"})
    earned = earned[earned["exit_reason"].isin(REASONS.values())][[*key, "pnl_at_expiry"]]
    return table.merge(earned, on=key, how="left")


def _assignment(event: PutEvent, shares: float) -> str:
    if event is PutEvent.EXPIRES_WORTHLESS:
        return ""
    return "shares" if shares else "cash"


def _not_ended(market: PutMarket, trades: pd.DataFrame) -> pd.DataFrame:
    held = trades[(trades["status"] == "open") & trades["symbol"].isin(market.contracts)]
    expiry = market.terms.set_index("contract")["expiry"].reindex(held["symbol"]).to_numpy()
    is_over = expiry <= market.underlyings.sessions[-1].to_datetime64()
    return pd.DataFrame({
        "session": pd.NaT, "contract": held["symbol"].to_numpy(), "underlying_close": np.nan,
        "contracts": -held["size"].to_numpy(), "outcome": np.where(is_over, UNKNOWN, OPEN), "payoff": np.nan,
        "shares": 0.0, "assignment": "", "pnl_at_expiry": np.nan})
