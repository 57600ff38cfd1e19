"""Selected ideas under stop, target and time limit, in fractions and in sizes that signals ask for; by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtrader_system.engine.backtest import Ledgers, run_backtest
from backtrader_system.engine.kernel.verifying import verify_with_kernel
from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.scored import ScoredPanel

FREE = {"commission_bps": 0, "slippage_bps": 0, "initial_capital": 100_000.0}
WIDE = {
    "name": "conviction", "signal_threshold": 0, "max_position_size": 1, "max_position_size_exceptional": 1,
    "max_symbol_exposure": 1, "max_net_exposure": 1, "target_invested_floor": 0, "target_invested_ceiling": 1,
    "min_order_fraction": 0, "add_to_positions": False}
SEED = {"sell_signal": False, "profit_take_gain_fraction": None, "stop_loss_fraction": 0.02,
        "take_profit_fraction": 1.0, "max_holding_calendar_days": 30}
CASH = {"type": "fixed_cash", "cash_per_position": 5_000.0, "cash_reserve_fraction": 0, "lot_size": 0.000001}


def play(
    closes: Sequence[float] | Mapping[str, Sequence[float]], signals: Mapping[tuple[int, str], float], *,
    exits: Mapping[str, Any] | None = None, sizer: Mapping[str, Any] | None = None,
    strategy: Mapping[str, Any] | None = None, backtest: Mapping[str, Any] | None = None,
    known: Mapping[str, np.ndarray] | None = None, start: str = "2024-01-02", volume: float = 1e6,
    direction: Mapping[tuple[int, str], int] | None = None,
) -> Ledgers:
    """Return the ledgers of business days whose bars are one price each; both engines and the replay agree on them.

    signals : (session number, symbol) -> score of a buy signal.
    """
    prices = pd.DataFrame(closes if isinstance(closes, Mapping) else {"A": closes}, dtype=float)
    sessions = pd.bdate_range(start, periods=len(prices)).as_unit("ns")
    values, shape = prices.to_numpy(), prices.shape
    bars = BarPanel(sessions, tuple(prices.columns), values, values, values, values, np.full(shape, volume),
                    np.ones(shape), np.zeros(shape), np.ones(shape, bool))
    score, side = np.full(shape, np.nan), np.zeros(shape, np.int8)
    for (row, symbol), strength in signals.items():
        score[row, prices.columns.get_loc(symbol)], side[row, prices.columns.get_loc(symbol)] = strength, 1
    for (row, symbol), sign in (direction or {}).items():
        side[row, prices.columns.get_loc(symbol)] = sign
    scored = ScoredPanel(sessions, bars.symbols, side, score, score, score, score, np.zeros(shape, bool),
                         sessions.tz_localize("UTC"))
    settings = Settings(
        backtest=FREE | (backtest or {}), sizer=CASH | (sizer or {}),
        strategy=WIDE | (strategy or {}) | {"exits": SEED | (exits or {})})
    ledgers = run_backtest(bars, scored, settings, known=known)
    assert verify_with_kernel(ledgers, bars, scored, settings, known=known).reason == ""
    assert reconcile(bars, ledgers.orders, ledgers.trades, ledgers.equity, ledgers.actions,
                     initial_capital=settings.backtest.initial_capital) == []
    return ledgers


def trades_of(ledgers: Ledgers) -> list[tuple]:
    return [(row.symbol, row.entry_session.day, row.exit_session.day if row.status == "closed" else None, row.size,
             row.exit_reason) for row in ledgers.trades.itertuples()]


# Decided on Tuesday the 2nd, entered on Wednesday the 3rd; the sale follows at the open after the close that decides.
@pytest.mark.parametrize(("days", "exit_day"), [
    (1, 5),     # Thursday the 4th decides
    (2, 8),     # Friday the 5th decides, Monday sells
    (3, 9),     # the 6th is a Saturday: Monday the 8th is the first close that late
    (5, 9),     # Monday the 8th is exactly 5 days later
    (6, 10),
])
def test_time_limit_counts_calendar_days_from_the_entry_session(days, exit_day):
    ledgers = play([100.0] * 12, {(0, "A"): 0.9}, exits={"max_holding_calendar_days": days})
    assert trades_of(ledgers) == [("A", 3, exit_day, 50.0, "time_limit")]


def test_seed_defaults_close_at_stop_target_or_after_thirty_days():
    quiet = play([100.0] * 30, {(0, "A"): 0.9})
    assert trades_of(quiet)[0][4] == "time_limit"
    # Entered on 3 January, 30 days later is Friday 2 February, sold on Monday the 5th.
    assert quiet.trades["exit_session"][0] == pd.Timestamp("2024-02-05")
    assert trades_of(play([100, 100, 100, 97.0, 97.0], {(0, "A"): 0.9})) == [("A", 3, 5, 50.0, "stop")]
    assert trades_of(play([100, 100, 100, 210.0, 210.0], {(0, "A"): 0.9})) == [("A", 3, 5, 50.0, "target")]


def test_sell_signal_faded_score_and_gain_sell_nothing():
    on = {"sell_signal": True, "signal_decay": True, "profit_take_gain_fraction": 0.05}
    signals = {(0, "A"): 0.95, (3, "A"): 0.99, (6, "A"): 0.01}
    ledgers = play([100, 100, 100, 130, 130, 130, 130, 130], signals, exits=on, direction={(3, "A"): -1})
    assert trades_of(ledgers) == [("A", 3, None, 50.0, "")]


def test_best_scores_come_first_and_ties_go_by_symbol():
    prices = {symbol: [100.0] * 4 for symbol in "ABCD"}
    signals = {(0, "A"): 0.5, (0, "B"): 0.7, (0, "C"): 0.7, (0, "D"): 0.9}
    ledgers = play(prices, signals, strategy={"max_positions": 2})
    assert [symbol for symbol, *_ in trades_of(ledgers)] == ["B", "D"]
    assert ledgers.skipped["symbol"].tolist() == ["C", "A"]


def test_held_symbol_is_not_bought_again():
    ledgers = play([100.0] * 5, {(0, "A"): 0.5, (2, "A"): 0.9})
    assert trades_of(ledgers) == [("A", 3, None, 50.0, "")]
    assert ledgers.skipped["reason"].tolist() == ["already held"]


def test_coin_dearer_than_the_stake_is_bought_in_fractions():
    ledgers = play([42_000.0] * 30, {(0, "A"): 0.9})
    # 5,000 / 42,000 = 0.1190476: 119,047 lots, paid with 4,999.974 dollars.
    assert trades_of(ledgers)[0][3] == 0.119047
    assert ledgers.equity["cash"].iloc[2] == pytest.approx(100_000 - 0.119047 * 42_000)
    assert ledgers.equity["positions_value"].iloc[-1] == 0


def test_whole_shares_by_default():
    assert trades_of(play([333.0] * 4, {(0, "A"): 0.9}, sizer={"lot_size": 1.0}))[0][3] == 15     # 5,000 / 333 = 15.02


def test_thin_volume_fills_lots_over_sessions_and_closes_to_nothing():
    ledgers = play(
        [42_000.0] * 12, {(0, "A"): 0.9}, volume=0.5, exits={"max_holding_calendar_days": 7},
        backtest={"max_participation_fraction": 0.1}, sizer={"lot_size": 0.001})
    # 0.119 coins are wanted and 0.05 trade a session: 0.05, 0.05, 0.019, and the same on the way out.
    fills = ledgers.orders[ledgers.orders["status"].isin(["filled", "partly_filled"])]
    assert fills["size"].tolist() == pytest.approx([0.05, 0.05, 0.019, -0.05, -0.05, -0.019])
    assert ledgers.equity["positions_value"].iloc[-1] == 0
    assert ledgers.trades["status"].tolist() == ["closed"]


def test_signal_asks_for_a_multiple_of_the_usual_size():
    prices = {symbol: [50.0] * 4 for symbol in "ABC"}
    signals = {(0, "A"): 0.9, (0, "B"): 0.8, (0, "C"): 0.7}
    factor = np.full((4, 3), np.nan)
    factor[0] = 2.0, 1.5, np.nan
    sizes = [size for *_, size, _ in trades_of(play(prices, signals, known={"size_factor": factor},
                                                    sizer={"lot_size": 1.0}))]
    assert sizes == [200, 150, 100]         # 10,000, 7,500 and 5,000 dollars at 50


def test_limits_cut_what_a_signal_asks_for():
    factor = np.full((4, 1), 100.0)
    ledgers = play([50.0] * 4, {(0, "A"): 0.9}, known={"size_factor": factor},
                   strategy={"max_symbol_exposure": 0.12}, sizer={"lot_size": 1.0})
    assert trades_of(ledgers)[0][3] == 240      # 12 % of 100,000 at 50


KELLY = {"type": "kelly", "prior_trades": 0, "prior_win_rate": 0.6, "kelly_min_trades": 1, "lot_size": 1.0}


def test_kelly_stakes_fixed_dollars_until_it_has_a_record_and_nothing_on_a_losing_one():
    # The first idea loses at its stop; the record is 0 of 1, so the second gets nothing.
    signals = {(0, "A"): 0.9, (4, "A"): 0.9}
    ledgers = play([100, 100, 97, 97, 97, 97, 97], signals, sizer=KELLY, strategy={"target_invested_floor": 0.75})
    assert trades_of(ledgers) == [("A", 3, 4, 50.0, "stop")]
    assert ledgers.skipped["session"].dt.day.tolist() == [8]


def test_growth_optimal_kelly_buys_what_loses_its_fraction():
    # Prior only: p 0.6, W 1.0, L 0.5, f = 0.6 - 0.4 / 2 = 0.4; a quarter is 0.1 of equity, or 0.1 / 0.5 = 0.2.
    kelly = {"type": "kelly", "prior_trades": 30, "prior_win_rate": 0.6, "lot_size": 1.0}
    terms = {"kelly_multiplier": 0.25, "avg_win": 1.0, "avg_loss": 0.5}
    both = [play([100.0] * 4, {(0, "A"): 0.9}, sizer=kelly | {"kelly_reading": reading}, strategy=terms)
            for reading in ("at_risk", "growth_optimal")]
    assert [trades_of(ledgers)[0][3] for ledgers in both] == [100, 200]


# Coefficient 1, daily volatility 6 %: 0.06 * sqrt(share of the day's volume), the table of docs/engine.md.
@pytest.mark.parametrize(("share", "percent"), [
    (0.01, 0.6), (0.10, 1.897), (0.20, 2.683), (0.30, 3.286), (0.50, 4.243), (0.70, 5.020)])
def test_large_order_in_a_thin_coin_pays_two_to_five_percent(share, percent):
    # 0.25 coins of 40,000 dollars, of a mean volume of 0.25 / share coins.
    known = {"daily_volatility": np.full((4, 1), 0.06), "average_volume": np.full((4, 1), 0.25 / share)}
    ledgers = play([40_000.0] * 4, {(0, "A"): 0.9}, known=known, exits={"stop_loss_fraction": None},
                   backtest={"impact_coefficient": 1.0}, sizer={"cash_per_position": 10_000.0})
    assert 100 * ledgers.trades["slippage"][0] / 10_000 == pytest.approx(percent, abs=5e-4)
