"""Run a strategy that sells puts, and return its ledgers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from backtrader_system.engine.backtest import (
    Ledgers,
    simulate,
    stock_costs,
    stock_slippage,
    strategy_parameters,
)
from backtrader_system.engine.bar_columns import BarColumns, session_numbers
from backtrader_system.engine.extensions import load_analyzer, load_strategy
from backtrader_system.engine.feeds import ScoredBars, panel_feeds
from backtrader_system.engine.garbage import only_new_garbage
from backtrader_system.engine.panel_checks import check_panel
from backtrader_system.engine.puts.broker import PutBroker
from backtrader_system.engine.puts.collateral_table import collateral_table
from backtrader_system.engine.puts.costs import ContractFees, PutSlippage, spread_part
from backtrader_system.engine.puts.expiry_table import expiry_table
from backtrader_system.engine.puts.feed import OptionQuotes
from backtrader_system.engine.puts.market import NUMBERS, PutMarket
from backtrader_system.engine.puts.sizer import CollateralSizer
from backtrader_system.progress import Progress, Silent
from backtrader_system.settings.checked import checked_settings
from backtrader_system.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class PutLedgers(Ledgers):
    """What a run that sells puts left behind.

    expiries : table of `ledgers.schemas.EXPIRIES`, how every put that was not bought back ended.
    collateral : see `collateral_table`.
    """

    expiries: pd.DataFrame
    collateral: pd.DataFrame


def run_put_selling(
    market: PutMarket, settings: Settings, *, strategy_name: str | None = None, progress: Progress | None = None,
) -> PutLedgers:
    """Return the ledgers of a strategy that sells puts in `market`.

    strategy_name : a file in `strategies/`; by default the one of the settings.
    Money and sizes in the tables are per contract for puts, per share for underlyings.
    Raises: as `run_backtest`.
    """
    with only_new_garbage():
        return _run_put_selling(market, settings, strategy_name, progress or Silent())


def _run_put_selling(
    market: PutMarket, settings: Settings, strategy_name: str | None, progress: Progress
) -> PutLedgers:
    settings = checked_settings(settings)
    name, selling, costs = strategy_name or settings.strategy.name, settings.puts.selling, settings.puts.outcome
    strategy_class = load_strategy(name)
    extra = {analyzer: load_analyzer(analyzer) for analyzer in settings.analyzers}
    check_panel(market.underlyings)
    feeds = put_feeds(market)
    broker = _broker(settings)
    shares = stock_costs(settings.backtest)
    fees = ContractFees(per_order=costs.fee_per_order, per_share=costs.fee_per_contract)
    ledgers = simulate(
        feeds, broker, len(market.underlyings.sessions),
        strategy=(strategy_class, _strategy_parameters(strategy_class, settings)),
        sizer=(CollateralSizer, {"capital_per_position": selling.capital_per_position}),
        costs={None: fees} | dict.fromkeys(market.underlyings.symbols, shares), analyzers=extra,
        title=f"Backtest {name}", progress=progress)
    made = {field.name: getattr(ledgers, field.name) for field in fields(Ledgers)}
    return PutLedgers(
        **made | {"skipped": _skipped(ledgers.skipped, market)},
        expiries=expiry_table(market, broker.settlements, ledgers.trades),
        collateral=collateral_table(broker.collateral))


def put_feeds(market: PutMarket) -> list[ScoredBars]:
    """Return a feed for each underlying and each contract, sorted by name; lines are views into the market."""
    numbers = session_numbers(market.underlyings.sessions)[market.row]
    feeds = panel_feeds(market.underlyings, None)
    quotes, names = market.quotes, (*NUMBERS[1:],)
    lines = {"high": np.maximum(quotes["open"], quotes["close"]), "low": np.minimum(quotes["open"], quotes["close"]),
             "open": quotes["open"], "volume": np.zeros(len(numbers))} | {name: quotes[name] for name in names}
    for terms, first, last in zip(market.put_terms(), market.starts[:-1], market.starts[1:], strict=True):
        if last > first:
            columns = BarColumns(numbers[first:last], {name: values[first:last] for name, values in lines.items()},
                                 OptionQuotes.neutral_lines)
            feeds.append(OptionQuotes(dataname=columns, name=terms.contract, terms=terms))
    return sorted(feeds, key=lambda feed: feed.p.name)


def _broker(settings: Settings) -> PutBroker:
    backtest, costs = settings.backtest, settings.puts.outcome
    return PutBroker(
        cash=backtest.initial_capital, slippage=PutSlippage(spread_part(costs), stock_slippage(backtest)),
        delisting_haircut_fraction=backtest.delisting_haircut_fraction, assignment_fee=costs.assignment_fee,
        is_physical=costs.settlement == "physical")


def _strategy_parameters(strategy_class: type, settings: Settings) -> dict[str, Any]:
    """Return what the strategy declares: of `puts.selling`, `puts.quotes` and `puts.outcome` first."""
    offered: dict[str, Any] = {}
    for section in (settings.puts.outcome, settings.puts.quotes, settings.puts.selling):
        offered |= {name: getattr(section, name) for name in type(section).model_fields}
    declared = set(strategy_class.params._getkeys())
    general = strategy_parameters(strategy_class, settings)
    own = {name: value for name, value in offered.items() if name in declared}
    return general | own | dict(settings.strategy.params)


def _skipped(skipped: pd.DataFrame, market: PutMarket) -> pd.DataFrame:
    unpriced = market.unpriced.rename(columns={"contract": "symbol"}).assign(reason="no price on the day of the sale")
    return pd.concat([skipped, unpriced.astype({"session": skipped["session"].dtype})[skipped.columns]],
                     ignore_index=True) if len(unpriced) else skipped
