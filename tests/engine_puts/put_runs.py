"""A hand-made chain over a few days and stocks, and runs that sell its puts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from backtrader_system.engine.puts.checking import put_discrepancies
from backtrader_system.engine.puts.market import PutMarket, put_market
from backtrader_system.engine.puts.selling import PutLedgers, run_put_selling
from backtrader_system.market_data.panel import BarPanel, panel_from_table
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.early_assignment import early_assignments
from backtrader_system.puts.outcomes import contract_outcomes
from backtrader_system.settings.settings import Settings

DAYS = pd.bdate_range("2024-01-08", periods=12)       # the 19th, a Friday, is number 9
EXPIRY = DAYS[9]
NAN = float("nan")
NOTHING: Mapping[str, Any] = {}
Quotes = Mapping[int, tuple[float, float]]            # day number -> bid, ask


def settings(cash: float = 100_000.0, *, selling: Mapping[str, Any] = NOTHING, outcome: Mapping[str, Any] = NOTHING,
             style: str = "european", **backtest: Any) -> Settings:
    """Return settings without costs; early assignment off unless asked for."""
    quiet = {"fee_per_contract": 0.0, "early_assignment": "never", "settlement": "cash"}
    costs: dict[str, Any] = {
        "commission_bps": 0.0, "slippage_bps": 0.0, "start_date": DAYS[0].date(), "end_date": DAYS[-1].date(),
        "initial_capital": cash}
    return Settings.model_validate({
        "system": "put_recommendations", "strategy": {"name": "put_selling"}, "backtest": costs | backtest,
        "puts": {"selling": {"capital_per_position": 10_000.0} | dict(selling), "outcome": quiet | dict(outcome),
                 "quotes": {"style": style}}})


def stocks(closes: Mapping[str, Sequence[float]], opens: Mapping[str, Sequence[float]] | None = None, **columns: Any,
           ) -> BarPanel:
    """Return bars whose open is the close of the day before unless given; NaN: no bar."""
    rows = []
    for symbol, values in closes.items():
        before = [values[0], *values[:-1]] if opens is None else opens[symbol]
        for day, opening, close in zip(DAYS, before, values, strict=False):
            if np.isfinite(close):
                opening = close if not np.isfinite(opening) else opening
                rows.append({"session": day, "symbol": symbol, "open": opening, "high": max(opening, close),
                             "low": min(opening, close), "close": close, "volume": 1e6} | {
                                 name: values_of[symbol].get(day, neutral) for name, (neutral, values_of) in
                                 columns.items()})
    return panel_from_table(pd.DataFrame(rows))


def chain(contracts: Mapping[str, Mapping[str, Any]]) -> OptionChain:
    """Return a chain. contracts : name -> strike, quotes and, where they differ, underlying, expiry, multiplier."""
    names = sorted(contracts)
    table = pd.DataFrame([{
        "contract": name, "underlying": contracts[name].get("underlying", "A"), "strike": contracts[name]["strike"],
        "expiry": pd.Timestamp(contracts[name].get("expiry", EXPIRY)),
        "multiplier": contracts[name].get("multiplier", 100.0), "first_seen": DAYS[min(contracts[name]["quotes"])],
        "last_seen": DAYS[max(contracts[name]["quotes"])], "is_adjusted": contracts[name].get("is_adjusted", False),
    } for name in names])
    quotes = pd.DataFrame([
        {"quote_date": DAYS[day], "number": number, "bid": bid, "ask": ask, "last": contracts[name].get("last", NAN),
         "iv": NAN, "underlying_price": NAN}
        for number, name in enumerate(names) for day, (bid, ask) in contracts[name]["quotes"].items()])
    return OptionChain(table, quotes.sort_values(["quote_date", "number"], ignore_index=True))


def market(puts: OptionChain, bars: BarPanel, chosen: Settings, sales: Mapping[str, Any] | None = None,
           ) -> PutMarket:
    """Return the market. sales : name -> days for sale, or (days, score); by default every contract on day 0."""
    names = puts.contracts["contract"].tolist()
    rows = []
    for name, given in (sales or {key: [0] for key in names}).items():
        days, score = given if isinstance(given, tuple) else (given, 80.0)
        rows += [{"quote_date": DAYS[day], "number": names.index(name), "score": score, "probability": 0.8}
                 for day in days]
    outcomes = contract_outcomes(puts, bars, chosen.puts)
    early = early_assignments(puts, bars, chosen.puts)
    return put_market(puts, bars, pd.DataFrame(rows), outcomes, early, chosen)


def fills(ledgers: PutLedgers) -> list[tuple[int, str, float, float, str]]:
    """Return day number, symbol, size, price and reason of every fill."""
    rows = ledgers.orders[ledgers.orders["status"].isin(["filled", "partly_filled"])]
    return [(DAYS.get_loc(row.session), row.symbol, row.size, round(row.price, 9), row.reason)
            for row in rows.itertuples()]


def ends(ledgers: PutLedgers) -> list[tuple[str, str]]:
    """Return status and reason of every order that did not fill."""
    rows = ledgers.orders[ledgers.orders["status"].isin(["cancelled", "rejected", "pending_at_end"])]
    return list(zip(rows["status"], rows["reason"], strict=True))


def run(puts: OptionChain, bars: BarPanel, chosen: Settings, sales: Mapping[str, Any] | None = None) -> PutLedgers:
    """Return the ledgers of a run, which must reconcile."""
    of_run = market(puts, bars, chosen, sales)
    ledgers = run_put_selling(of_run, chosen)
    assert put_discrepancies(of_run, ledgers, chosen) == []
    return ledgers
