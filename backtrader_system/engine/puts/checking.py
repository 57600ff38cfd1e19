"""The independent check of a run that sells puts, from its market and settings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.engine.puts.costs import spread_part
from backtrader_system.engine.puts.market import PutMarket
from backtrader_system.engine.puts.selling import PutLedgers
from backtrader_system.ledgers.put_checks import reconcile_put_selling
from backtrader_system.ledgers.put_facts import PutFacts, PutRules
from backtrader_system.settings.settings import Settings


def put_discrepancies(market: PutMarket, ledgers: PutLedgers, settings: Settings) -> list[str]:
    """Return every disagreement between the ledgers of `run_put_selling` and its market, in words; empty if none."""
    costs, backtest = settings.puts.outcome, settings.backtest
    rules = PutRules(
        spread_part(costs), costs.fee_per_order, costs.fee_per_contract, costs.assignment_fee,
        is_physical=costs.settlement == "physical",
        is_cash_secured=settings.puts.selling.collateral == "cash_secured")
    return reconcile_put_selling(
        put_facts(market, ledgers.orders), rules, ledgers.orders, ledgers.trades, ledgers.equity, ledgers.actions,
        ledgers.expiries, initial_capital=backtest.initial_capital,
        delisting_haircut_fraction=backtest.delisting_haircut_fraction)


def put_facts(market: PutMarket, orders: pd.DataFrame) -> PutFacts:
    """Return what is known of the symbols in an order log, for its check."""
    traded = set(orders["symbol"])
    numbers = np.flatnonzero(market.terms["contract"].isin(traded))
    lengths = np.diff(market.starts)[numbers]
    rows = np.concatenate([np.arange(market.starts[n], market.starts[n + 1]) for n in numbers]) if len(numbers) else (
        np.empty(0, dtype=int))
    table = pd.DataFrame({
        "session": market.underlyings.sessions[market.row[rows]],
        "contract": np.repeat(market.terms["contract"].to_numpy()[numbers], lengths),
        "mid": market.quotes["open"][rows]} | {
            name: market.quotes[name][rows] for name in ("bid", "half_spread", "collateral", "is_quoted")})
    terms = market.terms.iloc[numbers].reset_index(drop=True)
    symbols = traded | set(terms["underlying"]) & set(market.underlyings.symbols)
    return PutFacts(market.bars_of(symbols), terms, market.early[market.early["contract"].isin(traded)],
                    table[table["is_quoted"] > 0].drop(columns="is_quoted"))
