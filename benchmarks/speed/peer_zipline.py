"""zipline-reloaded on the same bars: an approximate workload.

What differs: its own calendar (the same number of sessions of the New York exchange), orders that fill at the close of
the next session, stops and targets judged at closes, and cash that may become negative. Writing the bars into a bundle
is not timed.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from speed.market import Market
from speed.outcome import Outcome
from speed.rules import BPS, Rules

warnings.filterwarnings("ignore")
_ROOT = tempfile.TemporaryDirectory(prefix="zipline_")
os.environ["ZIPLINE_ROOT"] = _ROOT.name     # read when zipline is imported

from zipline import run_algorithm  # noqa: E402
from zipline.api import (  # noqa: E402
    cancel_order,
    order,
    set_commission,
    set_slippage,
    symbols,
)
from zipline.data.bundles import ingest, register  # noqa: E402
from zipline.finance import commission, slippage  # noqa: E402
from zipline.finance.execution import LimitOrder, StopOrder  # noqa: E402
from zipline.utils.calendar_utils import get_calendar  # noqa: E402

BUNDLE, LARGEST_VOLUME = "speed", 4e9       # zipline stores volumes in 32 bits


@dataclass(frozen=True, slots=True)
class Prepared:
    market: Market
    rules: Rules
    sessions: pd.DatetimeIndex


def prepare(market: Market, rules: Rules) -> Prepared:
    sessions = get_calendar("XNYS").sessions_in_range(pd.Timestamp("2006-01-03"), pd.Timestamp("2025-12-31"))
    sessions = sessions[:len(market.sessions)]

    def write(_environ, assets, _minutes, days, adjustments, *_rest):
        last = sessions[-1]
        assets.write(
            equities=pd.DataFrame({
                "symbol": market.symbols, "asset_name": market.symbols, "start_date": sessions[0], "end_date": last,
                "first_traded": sessions[0], "auto_close_date": last + pd.Timedelta(days=1), "exchange": "NYSE"}),
            exchanges=pd.DataFrame([{"exchange": "NYSE", "canonical_name": "NYSE", "country_code": "US"}]))
        days.write(((column, _frame(market, column, sessions)) for column in range(len(market.symbols))),
                   show_progress=False)
        adjustments.write()

    register(BUNDLE, write, calendar_name="XNYS", start_session=sessions[0], end_session=sessions[-1])
    ingest(BUNDLE, show_progress=False)
    return Prepared(market, rules, sessions)


def _frame(market: Market, column: int, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    names = ("open", "high", "low", "close")
    frame = pd.DataFrame({name: getattr(market, name)[:, column] for name in names}, index=sessions)
    return frame.assign(volume=np.minimum(market.volume[:, column], LARGEST_VOLUME))


def run(prepared: Prepared) -> Any:
    market, rules = prepared.market, prepared.rules

    def initialize(context):
        context.assets = symbols(*market.symbols.tolist())
        context.column = {asset: column for column, asset in enumerate(context.assets)}
        context.session, context.entered, context.exits, context.n_closed = -1, {}, {}, 0
        set_commission(commission.PerDollar(rules.commission_bps * BPS))
        set_slippage(slippage.FixedBasisPointsSlippage(rules.slippage_bps, 1.0))

    def handle_data(context, _data):
        context.session += 1
        decide(context, market, rules)

    return run_algorithm(
        start=prepared.sessions[0], end=prepared.sessions[-1], initialize=initialize, handle_data=handle_data,
        analyze=lambda context, table: table.attrs.update(n_closed=context.n_closed), capital_base=rules.cash,
        bundle=BUNDLE, data_frequency="daily", benchmark_returns=pd.Series(0.0, index=prepared.sessions),
        trading_calendar=get_calendar("XNYS"))


def decide(context: Any, market: Market, rules: Rules) -> None:
    """Read the fills, place exits for new positions, sell by the time limit, buy."""
    scores, closes = market.score[context.session], market.close[context.session]
    positions = context.portfolio.positions.items()
    held = {context.column[asset]: position for asset, position in positions if position.amount}
    for column, since in list(context.entered.items()):
        if column in held or since == context.session:
            continue
        del context.entered[column]
        context.n_closed += 1
        cancel_exits(context, column)
    for column, position in held.items():
        if column not in context.exits and rules.stop_fraction is not None:
            asset, price = context.assets[column], position.cost_basis
            context.exits[column] = [
                order(asset, -position.amount, style=StopOrder(price * (1 - rules.stop_fraction))),
                order(asset, -position.amount, style=LimitOrder(price * (1 + rules.target_fraction)))]
        if context.session - context.entered[column] > rules.max_holding_sessions:
            cancel_exits(context, column)
            order(context.assets[column], -position.amount)
    free = rules.max_positions - len(context.entered)
    wanted = [column for column in np.flatnonzero(scores > rules.entry_score) if int(column) not in context.entered]
    equity = context.portfolio.portfolio_value
    for column in sorted(wanted, key=lambda column: -scores[column])[:max(free, 0)]:
        size = int(rules.position_fraction * equity / closes[column])
        if size:
            order(context.assets[column], size)
            context.entered[int(column)] = context.session


def cancel_exits(context: Any, column: int) -> None:
    for identifier in context.exits.pop(column, ()):
        cancel_order(identifier)


def outcome(table: Any) -> Outcome:
    return Outcome(float(table["portfolio_value"].iloc[-1]), int(table.attrs["n_closed"]))
