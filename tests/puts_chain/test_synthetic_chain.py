"""The chain made up over real bars: what is listed when, and at which price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import QuantLib as ql

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.market_data.panel import BarPanel, panel_from_table
from backtrader_system.puts.chain import CONTRACTS, QUOTES
from backtrader_system.puts.synthetic_chain import expiry_dates, model_volatility, strike_step, synthetic_chain
from backtrader_system.settings.puts import PutsSettings, SyntheticChainSettings

SHORT = {"volatility_sessions": 10}


def settings_of(**synthetic):
    return PutsSettings(synthetic={**SHORT, **synthetic})


def panel(closes, start="2024-01-02", **columns) -> BarPanel:
    """Return bars of one symbol A, or of several given by name, on XNYS sessions from `start`."""
    closes = closes if isinstance(closes, dict) else {"A": closes}
    count = max(len(values) for values in closes.values())
    days = sessions_between("XNYS", pd.Timestamp(start), pd.Timestamp(start) + pd.Timedelta(days=2 * count + 10))
    tables = [pd.DataFrame({"session": days[:len(values)], "symbol": symbol, "volume": 1.0, **columns,
                            **dict.fromkeys(("open", "high", "low", "close"), np.asarray(values, dtype=float))})
              for symbol, values in closes.items()]
    return panel_from_table(pd.concat(tables).dropna(subset="close"))


def walk(count, seed=1, start=100.0):
    return start * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.015, count)))


def test_tables_keep_their_schemas():
    chain = synthetic_chain(panel({"A": walk(200), "B": walk(150, 2, 30.0)}), settings_of())
    CONTRACTS.check(chain.contracts)
    QUOTES.check(chain.quotes)
    assert chain.is_synthetic
    order = chain.contracts.sort_values(["underlying", "expiry", "strike", "contract"]).index
    assert order.tolist() == list(range(len(chain.contracts)))
    assert chain.quotes.sort_values(["quote_date", "number"]).index.tolist() == list(range(len(chain.quotes)))


def test_third_fridays_and_the_thursday_before_a_holiday():
    sessions = sessions_between("XNYS", pd.Timestamp("2019-01-02"), pd.Timestamp("2019-04-30"))
    dates = expiry_dates(sessions, SyntheticChainSettings(), "XNYS")
    # Good Friday of 2019 was April 19th, the third Friday; the last lies sixty days ahead of the data.
    assert [str(day.date()) for day in dates] == [
        "2019-01-18", "2019-02-15", "2019-03-15", "2019-04-18", "2019-05-17", "2019-06-21"]


def test_every_friday():
    sessions = sessions_between("XNYS", pd.Timestamp("2019-04-01"), pd.Timestamp("2019-04-10"))
    dates = expiry_dates(sessions, SyntheticChainSettings(expiries="weekly", listed_days_before_expiry=10), "XNYS")
    assert [str(day.date()) for day in dates] == ["2019-04-05", "2019-04-12", "2019-04-18"]


@pytest.mark.parametrize(("close", "step"), [
    (5.0, 0.5), (12.0, 0.5), (30.0, 1.0), (95.0, 2.5), (230.0, 5.0), (500.0, 10.0), (900.0, 25.0), (60_000.0, 1_000.0)])
def test_step_of_the_strikes(close, step):
    # 12 * .025 = .3 is below the least, .5; 30 * .025 = .75 lies nearer 1 than .5 by ratio; 900 * .025 = 22.5.
    assert strike_step(close, 0.025) == step


def test_volatility_is_that_of_past_returns():
    closes = walk(40)
    found = model_volatility(panel(closes), SyntheticChainSettings(volatility_sessions=10, volatility_premium=1.2), 252)
    returns = np.log(closes[1:] / closes[:-1])
    assert np.isnan(found[:10]).all()
    assert found[10, 0] == pytest.approx(np.std(returns[:10], ddof=1) * np.sqrt(252) * 1.2, rel=1e-12)
    assert found[39, 0] == pytest.approx(np.std(returns[29:], ddof=1) * np.sqrt(252) * 1.2, rel=1e-9)


def test_first_strikes_surround_the_close_of_the_listing_day():
    closes = np.where(np.arange(60) % 2, 100.0, 101.0)
    chain = synthetic_chain(panel(closes), settings_of())
    march = chain.contracts[chain.contracts["expiry"] == "2024-03-15"]
    # 60 days before 2024-03-15 is 2024-01-15, a holiday; ten returns are there on 2024-01-17, the eleventh session,
    # whose close is 101: strikes from .8 * 101 = 80.8 to 101, a day later 100 adds 80.
    first = march[march["first_seen"] == march["first_seen"].min()]
    assert str(first["first_seen"].iloc[0].date()) == "2024-01-17"
    assert first["strike"].tolist() == [82.5, 85.0, 87.5, 90.0, 92.5, 95.0, 97.5, 100.0]
    assert march[march["first_seen"] == "2024-01-18"]["strike"].tolist() == [80.0]


def test_strike_is_listed_on_the_day_the_close_reaches_it():
    closes = np.concatenate([np.where(np.arange(30) % 2, 100.0, 101.0), [104.0, 106.0, 110.0, 70.0], [100.0] * 20])
    chain = synthetic_chain(panel(closes), settings_of())
    march = chain.contracts[chain.contracts["expiry"] == "2024-03-15"].set_index("strike")["first_seen"]
    days = panel(closes).sessions
    assert march[102.5] == days[30]
    assert march[105.0] == days[31]
    assert march[107.5] == march[110.0] == days[32]
    assert march[57.5] == march[77.5] == days[33]      # .8 * 70 = 56
    assert 112.5 not in march.index
    assert 55.0 not in march.index


def test_no_strike_is_added_on_the_expiry_day():
    days = panel([100.0] * 80).sessions
    closes = np.where(np.arange(80) % 2, 100.0, 101.0)
    closes[days.get_loc("2024-03-15")] = 150.0
    chain = synthetic_chain(panel(closes), settings_of())
    assert chain.contracts.loc[chain.contracts["expiry"] == "2024-03-15", "strike"].max() == 100.0


def test_quotes_run_from_the_listing_to_the_expiry():
    chain = synthetic_chain(panel(walk(80)), settings_of())
    contract = chain.contracts[chain.contracts["expiry"] == "2024-03-15"].iloc[0]
    own = chain.quotes[chain.quotes["number"] == contract.name]["quote_date"]
    expected = sessions_between("XNYS", contract["first_seen"], pd.Timestamp("2024-03-15"))
    assert own.tolist() == expected.tolist()
    assert contract["last_seen"] == pd.Timestamp("2024-03-15")


def test_price_is_quantlibs_at_the_models_volatility():
    settings = PutsSettings(synthetic={**SHORT, "half_spread_fraction": 0.1, "half_spread_minimum": 0.02},
                            quotes={"risk_free_rate": 0.03, "dividend_yield": 0.01})
    bars = panel(walk(80))
    chain = synthetic_chain(bars, settings)
    volatility = model_volatility(bars, settings.synthetic, 252)
    for position in (0, 200, 400):
        quote = chain.quotes.iloc[position]
        contract = chain.contracts.iloc[int(quote["number"])]
        years = (contract["expiry"] - quote["quote_date"]).days / 365
        row = bars.sessions.get_loc(quote["quote_date"])
        assert quote["iv"] == volatility[row, 0]
        assert quote["underlying_price"] == bars.close[row, 0]
        forward = quote["underlying_price"] * np.exp((0.03 - 0.01) * years)
        price = ql.blackFormula(ql.Option.Put, contract["strike"], forward, quote["iv"] * np.sqrt(years),
                                np.exp(-0.03 * years))
        half = max(0.1 * price, 0.02)
        assert quote["last"] == pytest.approx(price, abs=1e-10)
        # Away from the middle, to whole cents.
        assert 0 <= max(price - half, 0) - quote["bid"] < 0.01
        assert 0 <= quote["ask"] - (price + half) < 0.01
        assert quote["bid"] == round(quote["bid"], 2)
        assert quote["ask"] == round(quote["ask"], 2)


def test_expiry_day_is_quoted_at_what_exercise_pays():
    chain = synthetic_chain(panel(walk(80)), settings_of())
    is_last = chain.days_to_expiry() == 0
    assert is_last.any()
    pays = np.maximum(chain.of_contract("strike") - chain.quotes["underlying_price"], 0)[is_last]
    np.testing.assert_array_equal(chain.quotes["last"].to_numpy()[is_last], pays)


def test_symbol_whose_bars_end_keeps_its_contracts():
    chain = synthetic_chain(panel({"A": walk(80), "GONE": walk(30, 2)}), settings_of())
    gone = chain.contracts[chain.contracts["underlying"] == "GONE"]
    last_bar = panel(walk(30)).sessions[-1]
    assert (gone["last_seen"] == gone["expiry"].clip(upper=last_bar)).all()
    assert (gone["expiry"] > last_bar).any()


def test_day_without_a_bar_has_no_quote():
    closes = walk(80)
    closes[40] = np.nan
    bars = panel({"A": closes, "B": walk(80, 3)})
    chain = synthetic_chain(bars, settings_of())
    on_day = chain.quotes[chain.quotes["quote_date"] == bars.sessions[40]]
    assert set(chain.contracts["underlying"].iloc[on_day["number"]]) == {"B"}


def test_split_ends_a_put_and_its_successor_has_other_terms():
    closes = np.concatenate([np.where(np.arange(40) % 2, 100.0, 101.0), np.where(np.arange(40) % 2, 50.0, 50.5)])
    ratio = np.ones(80)
    ratio[40] = 2.0
    bars = panel(closes, split_ratio=ratio)
    chain = synthetic_chain(bars, settings_of())
    march = chain.contracts[chain.contracts["expiry"] == "2024-03-15"]
    old = march[march["strike"] == 90.0].iloc[0]
    new = chain.contracts.loc[old["replaced_by"]]
    assert (old["replaced_on"], old["last_seen"]) == (bars.sessions[40], bars.sessions[39])
    assert (new["strike"], new["multiplier"], new["first_seen"]) == (45.0, 200.0, bars.sessions[40])
    assert (bool(old["is_adjusted"]), bool(new["is_adjusted"])) == (False, True)
    assert (new["last_seen"], new["replaced_by"]) == (pd.Timestamp("2024-03-15"), -1)
    # Per contract the price is that of the old terms: 200 puts at 45 with the underlying at 50.5 are 100 at 90 and 101.
    quote = chain.quotes.set_index(["number", "quote_date"]).loc[(new.name, bars.sessions[40])]
    years = (pd.Timestamp("2024-03-15") - bars.sessions[40]).days / 365
    old_price = ql.blackFormula(ql.Option.Put, 90.0, 101.0 * np.exp(0.02 * years), quote["iv"] * np.sqrt(years),
                                np.exp(-0.02 * years))
    assert 200 * quote["last"] == pytest.approx(100 * old_price, rel=1e-9)
    assert quote["iv"] < 0.5, "a split is no move"
    fresh = march[(march["first_seen"] == bars.sessions[40]) & ~march["is_adjusted"]]
    assert fresh["strike"].tolist()[:3] == [41.0, 42.0, 43.0]
    assert (fresh["multiplier"] == 100.0).all()


@pytest.mark.parametrize("poison", [1_000.0, np.nan])
@pytest.mark.parametrize("expiries", ["monthly", "weekly"])
def test_poisoned_future_changes_nothing_before(poison, expiries):
    bars = panel({"A": walk(120), "B": walk(120, 2, 40.0)})
    day = 70
    changed = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for values in changed.values():
        values[day + 1:] *= poison
    clean, dirty = (synthetic_chain(version, settings_of(expiries=expiries))
                    for version in (bars, replace(bars, **changed)))
    until = bars.sessions[day]

    def known(chain):
        quotes = chain.quotes.assign(contract=chain.of_contract("contract"))
        quotes = quotes[quotes["quote_date"] <= until].drop(columns="number")
        contracts = chain.contracts[chain.contracts["first_seen"] <= until]
        return (quotes.sort_values(["quote_date", "contract"], ignore_index=True),
                contracts.drop(columns=["last_seen", "replaced_by", "replaced_on"]).reset_index(drop=True))

    for one, other in zip(known(clean), known(dirty), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        assert len(one) > 100 or "strike" in one


def test_too_short_a_history_is_refused():
    with pytest.raises(DataError, match="each needs 11 closes before a listing day"):
        synthetic_chain(panel(walk(8)), settings_of())
