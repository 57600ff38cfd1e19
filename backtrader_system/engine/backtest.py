"""Run one strategy over bars and scored signals, and return its ledgers."""

from __future__ import annotations

import inspect
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.engine import sizers
from backtrader_system.engine.bar_columns import dates_of
from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.cerebro import PanelCerebro
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.equity_table import equity_table
from backtrader_system.engine.exit_rules import ExitRules
from backtrader_system.engine.extensions import check_parameters, load_analyzer, load_strategy
from backtrader_system.engine.feeds import panel_feeds
from backtrader_system.engine.garbage import only_new_garbage
from backtrader_system.engine.panel_checks import check_known, check_panel
from backtrader_system.engine.slippage import Slippage
from backtrader_system.engine.trade_table import trade_table
from backtrader_system.errors import BacktraderSystemError, StrategyError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.progress import Progress, Silent
from backtrader_system.settings.checked import checked_settings
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.trading import BacktestSettings

if TYPE_CHECKING:
    from backtrader_system.signals.scored import ScoredPanel

ACTION_COLUMNS = ("session", "symbol", "kind", "ratio", "shares", "amount")
_SIZERS = {
    "kelly": sizers.Kelly, "fixed_cash": sizers.FixedCash, "fixed_fraction": sizers.FixedFraction,
    "equal_weight": sizers.EqualWeight,
}


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What one backtest left behind; the tables are described in docs/architecture.md.

    skipped : session, symbol and the reason why its signal led to no order; empty for strategies that do not say.
    analyzers : tables of the further analyzers named in the settings.
    """

    equity: pd.DataFrame
    trades: pd.DataFrame
    orders: pd.DataFrame
    actions: pd.DataFrame
    skipped: pd.DataFrame
    analyzers: dict[str, pd.DataFrame]


def run_backtest(
    bars: BarPanel, scored: ScoredPanel | None, settings: Settings, *, known: Mapping[str, np.ndarray] | None = None,
    strategy_name: str | None = None, progress: Progress | None = None,
) -> Ledgers:
    """Return the ledgers of one strategy over the sessions of `bars`.

    bars : the sessions to trade, without warm-up. scored : on the same axes. known : further feed lines on the same
        axes: atr for exits, daily_volatility and average_volume for impact, size_factor for sizes.
    strategy_name : a file in `strategies/`; by default the one of the settings.
    Raises: SettingsError for a value that is not allowed, StrategyError for an unknown strategy or parameter, DataError
        for bars or scores that cannot be traded (`panel_checks`).
    """
    with only_new_garbage():
        return _run_backtest(bars, scored, settings, known, strategy_name, progress or Silent())


def _run_backtest(
    bars: BarPanel, scored: ScoredPanel | None, settings: Settings, known: Mapping[str, np.ndarray] | None,
    strategy_name: str | None, progress: Progress,
) -> Ledgers:
    settings = checked_settings(settings)
    name = strategy_name or settings.strategy.name
    strategy_class = load_strategy(name)
    extra = {analyzer: load_analyzer(analyzer) for analyzer in settings.analyzers}
    check_known(settings, known)
    check_panel(bars, scored, known)
    feeds = panel_feeds(bars, scored, known)
    return simulate(
        feeds, _broker(settings.backtest, settings.sizer.lot_size), len(bars.sessions),
        strategy=(strategy_class, strategy_parameters(strategy_class, settings)),
        sizer=(_SIZERS[settings.sizer.type], _sizer_parameters(settings)),
        costs={None: stock_costs(settings.backtest)}, analyzers=extra, title=f"Backtest {name}", progress=progress)


def simulate(
    feeds: Sequence[bt.feed.DataBase], broker: ContractBroker, n_sessions: int, *,
    strategy: tuple[type, dict[str, Any]], sizer: tuple[type, dict[str, Any]],
    costs: Mapping[str | None, bt.CommInfoBase], analyzers: Mapping[str, type], title: str, progress: Progress,
) -> Ledgers:
    """Run a strategy over feeds and return its ledgers: what every kind of run has in common.

    n_sessions : of all feeds together, for the display of `progress` called `title`. strategy, sizer : class and
    parameters. costs : what a fill is charged, by symbol; None for all others. analyzers : further ones by name.
    """
    strategy_class, parameters = strategy
    cerebro = PanelCerebro()
    cerebro.broker = broker
    for symbol, charged in costs.items():
        broker.addcommissioninfo(charged, name=symbol)
    for feed in feeds:
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy_class, **parameters)
    cerebro.addsizer(sizer[0], **sizer[1])
    for key, analyzer_class in analyzers.items():
        cerebro.addanalyzer(analyzer_class, _name=f"extra_{key}")
    ticks = iter(progress.track(range(n_sessions), title, n_sessions))
    cerebro.after_session = partial(next, ticks, None)
    finished = _run(cerebro, {strategy_class, *analyzers.values()})
    deque(ticks, maxlen=0)              # let the display close itself
    found = finished.analyzers
    return Ledgers(
        equity=equity_table(broker.equity, broker.startingcash),
        trades=trade_table(broker.fills, broker.corporate_actions, feeds),
        orders=broker.order_log(),
        actions=_actions(broker.corporate_actions),
        skipped=_skipped(getattr(finished, "skips", ()), feeds),
        analyzers={key: _analyzer_table(found.getbyname(f"extra_{key}")) for key in analyzers},
    )


def _run(cerebro: bt.Cerebro, extensions: set[type]) -> bt.Strategy:
    """Return the strategy after its run; an exception of a strategy or analyzer says where in its file it arose."""
    try:
        return cerebro.run()[0]
    except BacktraderSystemError:
        raise
    except Exception as error:
        files = {inspect.getfile(extension) for extension in extensions}
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
        if not frames:
            raise
        where = f"{frames[-1].filename}:{frames[-1].lineno}: in {frames[-1].name}"
        raise StrategyError(f"{where}: {type(error).__name__}: {error}") from error


def strategy_parameters(strategy_class: type[bt.Strategy], settings: Settings) -> dict[str, Any]:
    """Return the settings that `strategy_class` declares as parameters, and its own from `strategy.params`.

    A parameter takes the value of the setting with its name in `strategy`, `strategy.exits` or `sizer`; one called
    `exit_rules` takes all rules of `strategy.exits`. What the user gives in `strategy.params` wins.
    """
    check_parameters(strategy_class, settings.strategy.params)
    section, exits = settings.strategy, settings.strategy.exits
    rule_names = {field.name for field in fields(ExitRules)} & set(type(exits).model_fields)
    rules = ExitRules(
        **{name: getattr(exits, name) for name in rule_names},
        sell_when_leaving=settings.universe.on_leave == "sell",
    )
    offered: dict[str, Any] = {"exit_rules": rules}
    for model in (settings.sizer, exits, section):
        offered |= {name: getattr(model, name) for name in type(model).model_fields}
    declared = set(strategy_class.params._getkeys())
    return {name: value for name, value in offered.items() if name in declared} | dict(section.params)


def _sizer_parameters(settings: Settings) -> dict[str, Any]:
    offered: dict[str, Any] = {}
    for model in (settings.sizer, settings.strategy):
        offered |= {name: getattr(model, name) for name in type(model).model_fields}
    declared = set(_SIZERS[settings.sizer.type].params._getkeys())
    return {name: value for name, value in offered.items() if name in declared}


def _broker(costs: BacktestSettings, lot_size: float) -> ContractBroker:
    return ContractBroker(
        cash=costs.initial_capital,
        slippage=stock_slippage(costs),
        max_participation_fraction=costs.max_participation_fraction, lot_size=lot_size,
        delisting_haircut_fraction=costs.delisting_haircut_fraction,
        allow_short=costs.allow_short,
    )


def stock_slippage(costs: BacktestSettings) -> Slippage:
    """Return how much worse than the market price shares fill."""
    return Slippage(costs.slippage_bps, costs.half_spread_bps, costs.impact_coefficient)


def stock_costs(costs: BacktestSettings) -> StockCommission:
    """Return what a fill of shares is charged."""
    return StockCommission(
        bps=costs.commission_bps, per_share=costs.commission_per_share, minimum=costs.commission_minimum)


def _actions(rows: list[tuple]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(ACTION_COLUMNS))
    table = table.astype({"symbol": "str", "kind": "str", "ratio": float, "shares": float, "amount": float})
    return table.assign(session=dates_of(table["session"].to_numpy(dtype=float)))


def _skipped(skips: Sequence[tuple[float, str, Sequence[Any]]], feeds: Sequence[Any]) -> pd.DataFrame:
    rank = {feed: n for n, feed in enumerate(feeds)}
    counts = [len(skipped) for _, _, skipped in skips]
    symbols = pd.array([feed._name for feed in feeds], dtype="str")
    return pd.DataFrame({
        "session": dates_of(np.repeat([number for number, _, _ in skips], counts)),
        "symbol": symbols.take([rank[feed] for _, _, skipped in skips for feed in skipped]),
        "reason": pd.array([why for _, why, _ in skips], dtype="str").take(np.repeat(np.arange(len(skips)), counts)),
    })


def _analyzer_table(analyzer: bt.Analyzer) -> pd.DataFrame:
    """Return an analyzer's table, or what `get_analysis` returns as a table of name and value."""
    if hasattr(analyzer, "table"):
        return analyzer.table()
    analysis = analyzer.get_analysis()
    return pd.DataFrame({"name": [str(key) for key in analysis], "value": [str(value) for value in analysis.values()]})
