"""Laws of the engine on random markets, scores and settings: Hypothesis looks for the run that breaks one."""

from __future__ import annotations

import backtrader as bt
import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st
from script import Scripted

from backtrader_system.engine import sizers
from backtrader_system.engine.backtest import ACTION_COLUMNS
from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.exit_rules import ExitRules
from backtrader_system.engine.extensions import load_analyzer, load_strategy
from backtrader_system.engine.feeds import ScoredBars
from backtrader_system.engine.slippage import Slippage
from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.market_data.panel import BarPanel, panel_from_table

CAPITAL = 50_000.0
SYMBOLS = ("A", "B", "C", "D", "E")


def random_table(seed: int, n_sessions: int = 90) -> pd.DataFrame:
    """Bars of five symbols: one listed late, one delisted, one with holes, one with a split and dividends."""
    rng = np.random.default_rng(seed)
    sessions = pd.bdate_range("2024-01-02", periods=n_sessions).as_unit("ns")
    tables = []
    for name in SYMBOLS:
        close = rng.uniform(20, 300) * np.exp(np.cumsum(rng.normal(0, 0.03, n_sessions)))
        opens = np.r_[close[0], close[:-1]] * np.exp(rng.normal(0, 0.02, n_sessions))
        split, dividend = np.ones(n_sessions), np.zeros(n_sessions)
        if name == "D":
            split[n_sessions // 2] = 2.0
            dividend[::20] = 0.4
        level = np.cumprod(split)
        close, opens = close / level, opens / level
        tables.append(pd.DataFrame({
            "session": sessions, "symbol": name, "open": opens, "close": close,
            "high": np.maximum(opens, close) * (1 + rng.exponential(0.01, n_sessions)),
            "low": np.minimum(opens, close) * (1 - rng.exponential(0.01, n_sessions) / 2),
            "volume": rng.integers(200, 5_000, n_sessions).astype(float), "split_ratio": split, "dividend": dividend,
            "score": rng.uniform(0, 1, n_sessions), "direction": rng.choice([-1.0, 0.0, 1.0], n_sessions),
            "atr": close * 0.03,
        }))
    table = pd.concat(tables, ignore_index=True)
    row = table.groupby("symbol").cumcount()
    is_absent = ((table["symbol"] == "A") & (row < 30)) | ((table["symbol"] == "B") & (row > 60)) | (
        (table["symbol"] == "C") & (row % 7 == 3))
    return table[~is_absent]


def trade(table: pd.DataFrame, options: dict, feed_order=SYMBOLS):
    """Run the built-in strategy; return the panel, the strategy and its broker."""
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker = ContractBroker(
        cash=CAPITAL, slippage=Slippage(options["slippage_bps"]), delisting_haircut_fraction=0.1,
        max_participation_fraction=options["participation"])
    cerebro.broker.addcommissioninfo(StockCommission(bps=5, minimum=1.0))
    for name in feed_order:
        frame = table[table["symbol"] == name].set_index("session").drop(columns="symbol")
        cerebro.adddata(ScoredBars(dataname=frame, name=name))
    cerebro.addstrategy(
        load_strategy("ml_trading"), stop_loss_fraction=options["stop"], take_profit_fraction=options["target"],
        trailing_stop_atr=options["trail"], exit_rules=ExitRules(max_holding_sessions=options["time_limit"]),
        add_to_positions=options["adds"])
    cerebro.addsizer(options["sizer"], max_positions=3, target_invested_floor=0.5, cash_reserve_fraction=0.02)
    for key in ("equity_curve", "trade_blotter", "order_log"):
        cerebro.addanalyzer(load_analyzer(key), _name=key)
    return cerebro.run()[0]


def tables_of(strategy):
    found = strategy.analyzers
    actions = pd.DataFrame(strategy.broker.corporate_actions, columns=list(ACTION_COLUMNS))
    actions["session"] = pd.DatetimeIndex(
        [bt.num2date(number).date() for number in actions["session"]]).astype("datetime64[ns]")
    return found.order_log.table(), found.trade_blotter.table(), found.equity_curve.table(), actions


def panel_of(table: pd.DataFrame) -> BarPanel:
    return panel_from_table(table)


OPTIONS = st.fixed_dictionaries({
    "slippage_bps": st.sampled_from([0.0, 10.0, 200.0]),
    "participation": st.sampled_from([None, 0.05, 0.5]),
    "stop": st.sampled_from([None, 0.02, 0.08]),
    "target": st.sampled_from([None, 0.03, 0.2]),
    "trail": st.sampled_from([None, 1.0]),
    "time_limit": st.sampled_from([None, 5]),
    "adds": st.booleans(),
    "sizer": st.sampled_from([sizers.Kelly, sizers.FixedCash, sizers.FixedFraction, sizers.EqualWeight]),
})

CANCELS_IN_THE_LAST_SESSION = {
    "slippage_bps": 0.0, "participation": 0.05, "stop": None, "target": 0.03, "trail": None, "time_limit": None,
    "adds": False, "sizer": sizers.Kelly}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), options=OPTIONS)
@example(seed=115, options=CANCELS_IN_THE_LAST_SESSION)
def test_every_run_reconciles_with_a_replay_of_its_fills(seed, options):
    table = random_table(seed)
    orders, trades, equity, actions = tables_of(trade(table, options))
    assert reconcile(
        panel_of(table), orders, trades, equity, actions, initial_capital=CAPITAL, delisting_haircut_fraction=0.1,
    ) == []


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), options=OPTIONS, order=st.permutations(SYMBOLS))
def test_order_of_the_feeds_changes_nothing(seed, options, order):
    table = random_table(seed)
    expected, found = tables_of(trade(table, options)), tables_of(trade(table, options, order))
    columns = ["session", "symbol", "size", "price", "status"]
    key = ["session", "symbol", "status", "size"]
    pd.testing.assert_frame_equal(
        expected[0][columns].sort_values(key, ignore_index=True), found[0][columns].sort_values(key, ignore_index=True))
    np.testing.assert_allclose(expected[2]["equity"], found[2]["equity"], rtol=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), options=OPTIONS, cut=st.integers(35, 85))
def test_garbage_in_the_future_changes_no_decision_and_no_fill_before_it(seed, options, cut):
    table = random_table(seed)
    first_poisoned = np.sort(table["session"].unique())[cut]
    is_future = table["session"] >= first_poisoned
    poisoned = table.copy()
    for name in ("open", "high", "low", "close", "score", "volume"):
        poisoned.loc[is_future, name] = poisoned.loc[is_future, name] * 17.0 + 3.0
    clean, dirty = tables_of(trade(table, options)), tables_of(trade(poisoned, options))
    for before, after in zip(clean[:1] + clean[2:3], dirty[:1] + dirty[2:3], strict=True):
        columns = [name for name in before if name not in ("order_id", "event")]
        pd.testing.assert_frame_equal(
            before.loc[before["session"] < first_poisoned, columns].reset_index(drop=True),
            after.loc[after["session"] < first_poisoned, columns].reset_index(drop=True), check_exact=True)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), low=st.floats(0, 50), extra=st.floats(0.1, 100))
def test_higher_costs_never_raise_equity(seed, low, extra):
    table = random_table(seed)
    rng = np.random.default_rng(seed)
    picks, sides = rng.integers(5, size=85), rng.random(85) < 0.5
    script = {n: lambda s, n=n: _one_share(s, picks[n], sides[n]) for n in range(85)}
    assert _final_equity(table, script, low + extra) <= _final_equity(table, script, low) + 1e-9


def _one_share(strategy, pick, buys):
    data = strategy.datas[pick]
    if strategy.has_bar(data):
        (strategy.buy if buys else strategy.sell)(data=data, size=1)


def _final_equity(table, script, bps):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker = ContractBroker(cash=CAPITAL, slippage=Slippage(bps))
    cerebro.broker.addcommissioninfo(StockCommission(bps=bps))
    for name in SYMBOLS:
        cerebro.adddata(ScoredBars(
            dataname=table[table["symbol"] == name].set_index("session").drop(columns="symbol"), name=name))
    cerebro.addstrategy(Scripted, script=script)
    return cerebro.run()[0].broker.getvalue()
