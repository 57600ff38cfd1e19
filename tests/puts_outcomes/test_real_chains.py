"""Outcomes of real chains: through a calm market, a split and the end of the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.chain_reading.read_chain import read_chain
from backtrader_system.puts.chain_reading.settlements import read_settlements
from backtrader_system.puts.chain_reading.underlying_bars import underlying_bars
from backtrader_system.puts.outcomes import contract_outcomes
from backtrader_system.settings.puts import PutsSettings

pytestmark = pytest.mark.real_data


def outcomes_of(path: Path, settlements: pd.DataFrame | None = None) -> tuple[OptionChain, pd.DataFrame]:
    settings = PutsSettings.model_validate({"quotes": {"style": "european"}})
    chain = read_chain(path, settings)
    return chain, contract_outcomes(chain, underlying_bars(chain), settings, settlements)


def test_976_puts_on_the_50_etf_reach_their_expiry(data_folder):
    chain, found = outcomes_of(data_folder / "options_50etf_2015_2019.parquet")
    known = found["outcome"] != "unknown"
    assert known.sum() == 976
    assert (found.loc[~known, "why_unknown"] == "expires after the data end").all()
    quotes = chain.quotes.merge(chain.contracts[["underlying", "expiry"]], left_on="number", right_index=True)
    at_expiry = quotes[quotes["quote_date"] == quotes["expiry"]].groupby("expiry")["underlying_price"].last()
    price = chain.contracts["expiry"].map(at_expiry)[known]
    expected = np.where(price > chain.contracts.loc[known, "strike"], "worthless", "assigned")
    assert (found.loc[known, "outcome"].to_numpy() == expected).all()


def test_settlements_and_closes_agree_on_the_50_etf(data_folder):
    settlements = read_settlements(data_folder / "option_expiry_settlements.csv")
    path = data_folder / "options_50etf_2015_2019.parquet"
    by_file, by_close = outcomes_of(path, settlements)[1], outcomes_of(path)[1]
    assert (by_file["settle_source"] == "settlement file").sum() == 976
    assert (by_file["outcome"] == by_close["outcome"]).all()


def test_the_split_of_apple_assigns_no_put_of_the_old_strikes(data_folder):
    chain, found = outcomes_of(data_folder / "options_lean_aapl_split_2014_and_spinoffs.parquet")
    assigned = found["outcome"] == "assigned"
    assert assigned.any()
    assert (found["payoff"] / chain.contracts["strike"])[assigned].max() < 0.4


def test_the_missing_session_of_spy_settles_nothing(data_folder):
    settlements = read_settlements(data_folder / "option_expiry_settlements.csv")
    chain, found = outcomes_of(data_folder / "options_spy_20260722_20260806.parquet", settlements)
    missing = chain.contracts["expiry"] == pd.Timestamp("2026-07-23")
    assert missing.any()
    assert (found.loc[missing, "outcome"] == "unknown").all()
