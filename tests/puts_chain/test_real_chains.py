"""Chains of real markets, whose odd rows are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.market_data.parquet import read_parquet
from backtrader_system.puts.chain_reading.read_chain import read_chain
from backtrader_system.puts.chain_reading.settlements import read_settlements
from backtrader_system.puts.chain_reading.underlying_bars import underlying_bars
from backtrader_system.puts.pricing.black_scholes import put_delta
from backtrader_system.puts.pricing.clocks import years_to_expiry
from backtrader_system.puts.pricing.implied_volatility import implied_volatility
from backtrader_system.settings.puts import PutsSettings

pytestmark = pytest.mark.real_data

ETF50, SPX = "options_50etf_2015_2019", "options_spx_sample_1990_2018"
SPY, LEAN = "options_spy_20260722_20260806", "options_lean_aapl_split_2014_and_spinoffs"


@pytest.fixture(scope="module")
def chain_named(data_folder):
    read = {}

    def named(name, **options):
        if name not in read:
            path = data_folder / f"{name}.parquet"
            if not path.is_file():
                pytest.skip(f"no {path}")
            read[name] = read_chain(path, PutsSettings(quotes=options))
        return read[name]
    return named


def counts(chain):
    return {issue.rule: issue.count for issue in chain.issues}


def test_50etf_puts_that_reach_expiry(chain_named):
    chain = chain_named(ETF50, style="european")
    assert (chain.contracts["expiry"] <= "2019-12-31").sum() == 976
    found = counts(chain)
    assert found["call"] == 71_516
    assert found["duplicate_quote"] + found["repeated_quote"] * 2 == 1_988
    assert len(chain.quotes) == 71_516 - found["no_price"] - found["duplicate_quote"] - found["repeated_quote"]
    assert found["last_price_only"] == len(chain.quotes)


def test_50etf_strikes_of_three_decimals_are_adjusted(chain_named):
    contracts = chain_named(ETF50, style="european").contracts
    has_three = np.abs(contracts["strike"] * 100 - np.round(contracts["strike"] * 100)) > 1e-6
    assert has_three.sum() > 100
    assert contracts.loc[has_three, "is_adjusted"].all()


def test_spx_through_the_spike_of_volatility(chain_named):
    chain = chain_named(SPX, style="european")
    bars = underlying_bars(chain)
    assert bars.symbols == ("SPX", "SPXW")
    weekly = bars.frame("SPXW")["close"]
    assert weekly.loc["2018-02-05"] / weekly.loc["2018-02-02"] - 1 == pytest.approx(-0.041, abs=0.001)
    assert counts(chain)["no_bid"] == 1_365


def test_spx_delta_is_that_of_the_implied_volatility(chain_named, data_folder):
    chain = chain_named(SPX, style="european")
    raw = read_parquet(data_folder / f"{SPX}.parquet", where='"right" = ?', parameters=["P"])
    raw = raw[["quote_date", "underlying", "expiry", "strike", "delta"]]
    keys = {name: chain.of_contract(name) for name in ("underlying", "expiry", "strike")}
    quotes = chain.quotes.assign(**keys).merge(raw, on=["quote_date", *keys], validate="one_to_one")
    assert len(quotes) == len(chain.quotes)
    years = years_to_expiry(quotes["quote_date"].to_numpy(), chain.of_contract("expiry"))
    spot, strike = quotes["underlying_price"].to_numpy(), chain.of_contract("strike")
    iv = implied_volatility(chain.mid(), spot, strike, years, 0.015, 0.018)
    near = (np.abs(strike / spot - 1) < 0.05) & (years > 10 / 365) & np.isfinite(iv)
    assert near.sum() > 500
    delta = put_delta(spot, strike, years, 0.015, iv, 0.018)
    assert np.median(np.abs(delta - quotes["delta"].to_numpy())[near]) < 0.01


def test_spy_volatility_is_near_the_vendors(chain_named):
    chain = chain_named(SPY)
    quotes = chain.quotes
    years = years_to_expiry(quotes["quote_date"].to_numpy(), chain.of_contract("expiry"))
    spot, strike = quotes["underlying_price"].to_numpy(), chain.of_contract("strike")
    near = (np.abs(strike / spot - 0.97) < 0.03) & (years > 20 / 365) & (quotes["bid"] > 0.2).to_numpy()
    iv = implied_volatility(chain.mid(), spot, strike, years, 0.036, 0.011, "american")[near]
    assert near.sum() > 500
    assert np.nanmedian(np.abs(iv - quotes["iv"].to_numpy()[near])) < 0.01


def test_apple_split_replaces_the_strikes(chain_named):
    chain = chain_named(LEAN)
    found = counts(chain)
    assert found["quoted_after_expiry"] > 0
    assert found["underlying_jump"] == 1
    contracts = chain.contracts[chain.contracts["underlying"] == "AAPL"]
    old, new = contracts[contracts["first_seen"] == "2014-06-06"], contracts[contracts["strike"].eq(99.29)]
    alive = old[old["expiry"] > "2014-06-08"]
    assert (alive["replaced_on"] == pd.Timestamp("2014-06-09")).mean() > 0.95
    assert len(new) > 5
    assert new["is_adjusted"].all()


def test_every_settlement_is_recent(data_folder):
    path = data_folder / "option_expiry_settlements.csv"
    if not path.is_file():
        pytest.skip(f"no {path}")
    table = read_settlements(path)
    assert table.groupby("underlying").size().to_dict() == {
        "510050.SH": 58, "AAPL": 7, "BTC": 30, "SPXW": 2, "SPY": 13}
    assert (table["expiry"] - table["settle_quote_date"]).dt.days.between(0, 3).all()
