"""The simulated market prints a market that could exist, and the same one every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.market_data.panel import panel_from_table
from backtrader_system.market_data.simulated import SimulatedMarket, simulate_market
from backtrader_system.settings.data import SimulatedSettings

SESSIONS = pd.bdate_range("2020-01-01", periods=600, name="session")


def market(n_sessions: int = 600, **settings: object) -> SimulatedMarket:
    return simulate_market(SimulatedSettings(**settings), SESSIONS[:n_sessions])


def closes(simulated: SimulatedMarket) -> pd.DataFrame:
    return simulated.bars.pivot(index="session", columns="symbol", values="close")


def test_same_settings_give_the_same_bytes():
    pd.testing.assert_frame_equal(market().bars, market().bars, check_exact=True)


def test_another_seed_gives_another_market():
    assert not closes(market(seed=1)).equals(closes(market(seed=2)))


@pytest.mark.parametrize("n_sessions", [1, 100, 400, 500])
def test_later_sessions_never_change_earlier_ones(n_sessions):
    longer, shorter = market(edge=0.5), market(n_sessions, edge=0.5)
    last = SESSIONS[n_sessions - 1]
    bars, actions = longer.bars, longer.actions

    pd.testing.assert_frame_equal(shorter.bars, bars[bars["session"] <= last], check_exact=True)
    expected = actions[actions["ex_date"] <= last].reset_index(drop=True)
    pd.testing.assert_frame_equal(shorter.actions, expected, check_exact=True)


def test_bars_are_possible_and_in_whole_cents():
    bars = market(n_symbols=40).bars

    assert (bars["low"] > 0).all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["volume"] >= 100).all()
    prices = bars[["open", "high", "low", "close"]]
    pd.testing.assert_frame_equal(prices, prices.round(2))


def test_prices_stay_positive_in_the_wildest_market():
    bars = market(annual_volatility=3.0, annual_drift=-1.0, edge=1.0, splits=False).bars
    assert np.isfinite(bars["close"]).all()
    assert (bars["low"] > 0).all()


def test_bars_are_sorted_and_named():
    bars = market(n_symbols=12).bars
    assert bars["symbol"].unique().tolist()[:3] == ["SIM00", "SIM01", "SIM02"]
    assert not bars.duplicated(["session", "symbol"]).any()
    assert bars.equals(bars.sort_values(["session", "symbol"], ignore_index=True))


def test_more_than_a_hundred_symbols_sort_by_number():
    symbols = market(2, n_symbols=101, late_listing=False).bars["symbol"].unique().tolist()
    assert symbols == sorted(symbols)
    assert symbols[-1] == "SIM100"


def test_last_symbol_is_listed_late_and_the_one_before_is_delisted():
    bars = market(n_symbols=4).bars
    spans = bars.groupby("symbol")["session"].agg(["min", "max"])
    assert spans.loc["SIM03", "min"] == SESSIONS[380]
    assert spans.loc["SIM02", "max"] == SESSIONS[479]
    assert (spans.loc[["SIM00", "SIM01"], "max"] == SESSIONS[599]).all()


def test_a_delisted_symbol_slides_before_it_ends():
    falls = []
    for seed in range(8):
        close = closes(market(seed=seed, splits=False))["SIM18"].dropna()
        falls.append(close.iloc[-1] / close.iloc[-13] - 1)
    # Twelve sessions of -5 % are 0.95^12 - 1 = -46 %.
    assert -0.60 < np.median(falls) < -0.30


@pytest.mark.parametrize("switch", ["late_listing", "delisting"])
def test_events_can_be_switched_off(switch):
    bars = market(n_symbols=4, **{switch: False}).bars
    symbol = {"late_listing": "SIM03", "delisting": "SIM02"}[switch]
    assert (bars["symbol"] == symbol).sum() == 600


def test_three_symbols_are_too_few_for_a_listing_and_a_delisting():
    assert len(market(n_symbols=3).bars) == 3 * 600


def test_without_splits_and_dividends_there_are_no_actions():
    assert market(splits=False, dividends=False).actions.empty


def test_a_split_breaks_the_raw_price_but_not_the_wealth_of_a_holder():
    simulated = market(n_symbols=120, seed=4, dividends=False, delisting=False)
    splits = simulated.actions[simulated.actions["split_ratio"] >= 2]
    assert len(splits) >= 5
    close = closes(simulated)

    for split in splits.itertuples():
        row = close.index.get_loc(split.ex_date)
        raw_ratio = close[split.symbol].iloc[row] / close[split.symbol].iloc[row - 1]
        assert close[split.symbol].iloc[row - 1] > 299.99
        assert raw_ratio * split.split_ratio == pytest.approx(1, abs=0.25)


def test_a_cheap_share_is_consolidated_ten_to_one():
    simulated = market(n_symbols=30, annual_volatility=1.5, delisting=False, dividends=False)
    reverse = simulated.actions[simulated.actions["split_ratio"] < 1]
    assert len(reverse) >= 5
    assert (reverse["split_ratio"] == 0.1).all()
    before = closes(simulated).shift()
    assert all(before.at[row.ex_date, row.symbol] < 4.005 for row in reverse.itertuples())


def test_dividends_are_paid_every_quarter_by_some_symbols():
    paid = market(n_symbols=40, splits=False, delisting=False).actions
    assert (paid["dividend"] > 0).all()
    assert 10 <= paid["symbol"].nunique() <= 30
    rows = paid[paid["symbol"] == paid["symbol"].iloc[0]]["ex_date"].map(SESSIONS.get_loc)
    assert set(np.diff(rows)) == {63}


def test_price_drops_by_the_dividend_and_wealth_does_not():
    paid, free = market(n_symbols=1, seed=3), market(n_symbols=1, seed=3, dividends=False)
    first = paid.actions.iloc[0]
    with_dividend, without = (m.bars.set_index("session")["open"][first["ex_date"]] for m in (paid, free))
    assert without - with_dividend == pytest.approx(first["dividend"], abs=0.0101)


def test_actions_never_precede_the_second_bar_of_a_symbol():
    simulated = market(n_symbols=30)
    first = simulated.bars.groupby("symbol")["session"].min()
    assert (simulated.actions["ex_date"] > simulated.actions["symbol"].map(first)).all()


def test_the_table_makes_a_panel():
    panel = panel_from_table(market(n_symbols=5).bars)
    assert panel.shape == (600, 5)
    assert np.isnan(panel.close[:380, 4]).all()
    assert panel.has_bar[380:, 4].all()
