"""The independent check of a run that sells puts: settlements, deliveries, quotes, collateral."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.ledgers.discrepancies import capped, differs, discrepancy, place
from backtrader_system.ledgers.put_facts import EXPIRY, PutFacts, PutRules
from backtrader_system.ledgers.put_settlements import expected_settlements
from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.ledgers.replay import NO_SHARES, Replay, fills_of, last_known, replay_fills

_ROUNDING = 1e-9


def reconcile_put_selling(
    facts: PutFacts, rules: PutRules, orders: pd.DataFrame, trades: pd.DataFrame, equity: pd.DataFrame,
    actions: pd.DataFrame, expiries: pd.DataFrame, *, initial_capital: float, tolerance: float = 1e-6,
    delisting_haircut_fraction: float = 0.0,
) -> list[str]:
    """Return every disagreement between the ledgers of a run that sells puts, in words; empty if all agree.

    orders, trades, equity, actions, expiries : tables of `ledgers.schemas`. Others as of `reconcile`, whose checks are
    all made. Beside them, by a replay that shares no code with the engine:

    1. a short put ends after the close of its expiry session, or of the first early exercise after its sale, at exactly
       its payoff, and not otherwise; a put whose outcome is unknown stays open;
    2. an assignment delivers the shares at what the payoff leaves of the strike, and nothing else does;
    3. any other fill of a put is at the mid of a quote of that day, with its part of the spread and its fees; no sale
       without a bid;
    4. no put is held long and no share short;
    5. at every sale the collateral of all puts, held or sold that day, is covered by equity at the close before;
    6. the table of expiries lists every put that was not bought back, with the net P&L of its trade.
    """
    lines = reconcile(
        facts.bars, orders, trades, equity, actions, initial_capital=initial_capital, tolerance=tolerance,
        allow_short=True, delisting_haircut_fraction=delisting_haircut_fraction, settles_puts=True)
    fills = fills_of(orders)
    try:
        account = replay_fills(
            fills, facts.bars.sessions, facts.bars.symbols, initial_capital=initial_capital, actions=actions)
    except DataError:
        return lines            # `reconcile` has said so
    is_put = fills["symbol"].isin(facts.terms["contract"]).to_numpy()
    is_end = (fills["order_type"] == EXPIRY).to_numpy()
    expected = expected_settlements(fills[is_put & ~is_end], facts, rules)
    lines += _settlements(expected, fills[is_put & is_end])
    lines += _deliveries(expected, fills[~is_put & is_end])
    lines += _quotes(facts, rules, fills[is_put & ~is_end])
    lines += _directions(facts, account)
    lines += _collateral(facts, rules, account, fills[is_put & ~is_end], equity, initial_capital, tolerance)
    return lines + _expiries(expected, expiries, trades, facts, tolerance)


def _settlements(expected: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    wanted = expected.rename(columns={"contract": "symbol", "contracts": "size", "outcome": "reason"})
    names = ["price", "size", "commission", "reason"]
    both = _side_by_side(wanted[["session", "symbol", *names]], found[["session", "symbol", *names, "slippage"]])
    return _differences(both, "settlement", ("price", "size", "commission"), ("reason",)) + [
        discrepancy(_at(row), "slippage of a settlement", 0.0, row.slippage)
        for row in both[both["slippage"].fillna(0.0) != 0].itertuples()]


def _deliveries(expected: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    delivered = expected[expected["shares"] > 0]
    wanted = pd.DataFrame({"session": delivered["session"], "symbol": delivered["underlying"],
                           "size": delivered["shares"], "value": delivered["shares"] * delivered["share_price"],
                           "commission": 0.0})
    booked = found[["session", "symbol", "size", "commission"]].assign(value=found["size"] * found["price"])
    sums = [table.groupby(["session", "symbol"], as_index=False).sum() for table in (wanted, booked)]
    return _differences(_side_by_side(*sums), "shares delivered", ("size", "value", "commission"), ())


def _side_by_side(wanted: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    key = ["session", "symbol"]
    tables = [table.astype({"symbol": "str"}).assign(session=pd.to_datetime(table["session"]).astype("datetime64[ns]"))
              for table in (wanted, found)]
    return tables[0].merge(tables[1], on=key, how="outer", suffixes=("_wanted", "_found"))


def _differences(both: pd.DataFrame, what: str, numbers: Sequence[str], texts: Sequence[str]) -> list[str]:
    lines = []
    for name in numbers:
        wanted, found = (both[f"{name}_{side}"].to_numpy(float) for side in ("wanted", "found"))
        wrong = np.flatnonzero(differs(wanted, found, _ROUNDING * np.maximum(np.abs(np.nan_to_num(wanted)), 1.0)))
        lines += capped([discrepancy(_at(both.iloc[row]), f"{what}, {name}", float(wanted[row]), float(found[row]))
                         for row in wrong])
    for name in texts:
        table = both.dropna(subset=[f"{name}_wanted", f"{name}_found"])
        wrong = table[table[f"{name}_wanted"] != table[f"{name}_found"]]
        lines += capped([discrepancy(_at(row), f"{what}, {name}", row[f"{name}_wanted"], row[f"{name}_found"])
                         for _, row in wrong.iterrows()])
    return lines


def _at(row: pd.Series) -> str:
    return place(row.session, row.symbol)


def _quotes(facts: PutFacts, rules: PutRules, fills: pd.DataFrame) -> list[str]:
    quotes = facts.quotes.rename(columns={"contract": "symbol"}).astype({"symbol": "str"})
    table = fills.astype({"symbol": "str"}).merge(quotes, on=["session", "symbol"], how="left")
    size = table["size"].to_numpy(float)
    amount, paid_before = np.abs(size), table.duplicated("order_id").to_numpy()
    given_up = rules.spread_part * np.maximum(table["half_spread"].to_numpy(float), 0.0) if rules.spread_part else 0.0
    fees = rules.fee_per_contract * amount + np.where(paid_before, 0.0, rules.fee_per_order)
    lines = []
    for what, wanted, found in (
        ("price before slippage (mid of a quote)", table["mid"], table["price"] - table["slippage"] / size),
        ("slippage", given_up * amount, table["slippage"]), ("commission", fees, table["commission"]),
    ):
        wanted, found = np.broadcast_to(np.asarray(wanted, float), len(table)), found.to_numpy(float)
        wrong = np.flatnonzero(differs(wanted, found, _ROUNDING * np.maximum(np.abs(found), 1.0)))
        lines += capped([discrepancy(_at(table.iloc[row]), f"fill of a put, {what}", float(wanted[row]),
                                     float(found[row])) for row in wrong])
    no_bid = table[(size < 0) & (table["bid"].to_numpy(float) <= 0)]
    return lines + capped([discrepancy(_at(row), "sale of a put", "a bid above 0", row.bid)
                           for row in no_bid.itertuples()])


def _directions(facts: PutFacts, account: Replay) -> list[str]:
    is_put = np.isin(np.array(account.symbols), facts.terms["contract"].to_numpy())
    wrong = np.argwhere(np.where(is_put, account.shares, -account.shares) > NO_SHARES)
    return capped([
        discrepancy(place(account.sessions[row], account.symbols[column]), "held at the close",
                    "no put above 0" if is_put[column] else "no share below 0", float(account.shares[row, column]))
        for row, column in wrong])


def _collateral(
    facts: PutFacts, rules: PutRules, account: Replay, fills: pd.DataFrame, equity: pd.DataFrame,
    initial_capital: float, tolerance: float,
) -> list[str]:
    sales = fills[fills["size"] < 0]
    if sales.empty:
        return []
    held = np.maximum(-np.vstack([np.zeros((1, account.shares.shape[1])), account.shares[:-1]]), 0.0)
    rows = account.sessions.get_indexer(pd.DatetimeIndex(sales["session"]))
    np.add.at(held, (rows, pd.Index(account.symbols).get_indexer(sales["symbol"])), -sales["size"].to_numpy(float))
    used = np.nansum(held * _per_contract(facts, rules, account), axis=1)
    level = pd.Series(equity["equity"].to_numpy(float), pd.DatetimeIndex(equity["session"])).reindex(account.sessions)
    before = np.concatenate([[initial_capital], level.ffill().fillna(initial_capital).to_numpy()[:-1]])
    wrong = [row for row in np.unique(rows) if used[row] > before[row] + tolerance * max(abs(before[row]), 1.0)]
    return capped([discrepancy(place(account.sessions[row]), "collateral of the puts after a sale",
                               f"at most the equity before, {before[row]:,.2f}", float(used[row])) for row in wrong])


def _per_contract(facts: PutFacts, rules: PutRules, account: Replay) -> np.ndarray:
    """Return what one short contract blocks, shape (n_sessions, n_symbols); 0 for shares."""
    terms = facts.terms.set_index("contract").reindex(account.symbols)
    if rules.is_cash_secured:
        blocked = (terms["strike"] * terms["multiplier"]).fillna(0.0).to_numpy()
        return np.broadcast_to(blocked, account.shares.shape)
    table = np.full(account.shares.shape, np.nan)
    rows = account.sessions.get_indexer(pd.DatetimeIndex(facts.quotes["session"]))
    columns = pd.Index(account.symbols).get_indexer(facts.quotes["contract"])
    table[rows, columns] = facts.quotes["collateral"].to_numpy(float)
    return last_known(table)


def _expiries(
    expected: pd.DataFrame, expiries: pd.DataFrame, trades: pd.DataFrame, facts: PutFacts, tolerance: float
) -> list[str]:
    ended = expiries[expiries["session"].notna()].rename(columns={"contract": "symbol"})
    wanted = expected.assign(payoff=expected["price"]).rename(columns={"contract": "symbol"})
    names = ["session", "symbol", "contracts", "payoff", "shares", "outcome"]
    lines = _differences(_side_by_side(wanted[names], ended[names]), "table of expiries",
                         ("contracts", "payoff", "shares"), ("outcome",))
    earned = trades[["symbol", "exit_session", "net_pnl"]].rename(columns={"exit_session": "session"})
    both = ended.merge(earned, on=["session", "symbol"], how="left")
    wrong = differs(both["net_pnl"], both["pnl_at_expiry"], tolerance * np.maximum(np.abs(both["net_pnl"]), 1.0))
    lines += capped([discrepancy(_at(row), "table of expiries, P&L (net P&L of the trade)", row.net_pnl,
                                 row.pnl_at_expiry) for row in both[wrong].itertuples()])
    held = set(trades["symbol"][(trades["status"] == "open") & trades["symbol"].isin(facts.terms["contract"])])
    listed = set(expiries["contract"][expiries["session"].isna()])
    return lines + capped([
        discrepancy(name, "table of expiries, a put that never ended", name in held, name in listed)
        for name in sorted(held ^ listed)])
