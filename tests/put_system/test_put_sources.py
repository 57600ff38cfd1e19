"""Which puts a run takes from a file of quotes, and what it says of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.progress import Silent
from backtrader_system.puts.outcomes import contract_outcomes
from backtrader_system.settings.loading import load_settings
from backtrader_system.systems.put_recommendations.sources import read_put_sources
from backtrader_system.systems.put_recommendations.tables import final_premium

DAYS = pd.bdate_range("2024-01-02", "2024-01-19")


@pytest.fixture
def quotes(tmp_path):
    rows = [{"quote_date": day, "underlying": name, "expiry": "2024-01-19", "strike": strike, "right": "P",
             "bid": 1.0, "ask": 1.2, "underlying_price": 100.0 + n}
            for n, day in enumerate(DAYS) for name in ("ABC", "XYZ") for strike in (90, 95)]
    table = pd.DataFrame(rows)
    # On the last days before the expiry nobody bids for the 90 put of ABC.
    silent = (table["underlying"] == "ABC") & (table["strike"] == 90) & (table["quote_date"] >= "2024-01-16")
    table.loc[silent, "bid"] = 0.0
    path = tmp_path / "quotes.csv"
    table.to_csv(path, index=False)
    return path


def sources(path, **overrides):
    return read_put_sources(load_settings("put_chain", {"puts.chain": str(path)} | overrides).settings, Silent())


def test_named_underlyings_are_the_only_ones(quotes):
    found = sources(quotes, **{"universe.symbols": ["XYZ"]})
    assert found.chain.contracts["contract"].tolist() == ["XYZ 2024-01-19 P 90", "XYZ 2024-01-19 P 95"]
    assert found.bars.symbols == ("XYZ",)
    assert found.chain.quotes["number"].isin([0, 1]).all()
    assert len(found.chain.quotes) == 2 * len(DAYS)


def test_an_underlying_without_puts_is_an_error(quotes):
    with pytest.raises(DataError, match=r"holds no put on NOPE \(universe.symbols\); it has ABC, XYZ"):
        sources(quotes, **{"universe.symbols": ["ABC", "NOPE"]})


def test_the_days_of_the_quotes_are_the_period(quotes):
    found = sources(quotes)
    assert found.settings.backtest.start_date == DAYS[0].date()
    assert found.settings.backtest.end_date == DAYS[-1].date()


def test_the_final_premium_is_zero_where_only_an_ask_stood(quotes):
    found = sources(quotes)
    outcomes = contract_outcomes(found.chain, found.bars, found.settings.puts)
    premium = dict(zip(found.chain.contracts["contract"], final_premium(found.chain, outcomes), strict=True))
    assert premium["ABC 2024-01-19 P 90"] == 0.0
    assert premium["ABC 2024-01-19 P 95"] == 1.0


def test_a_selection_keeps_heirs_of_adjusted_contracts(quotes):
    chain = sources(quotes).chain
    heirs = chain.contracts.assign(replaced_by=[-1, 0, 3, -1])
    chosen = type(chain)(heirs, chain.quotes).of_underlyings({"XYZ"})
    assert chosen.contracts["replaced_by"].tolist() == [1, -1]
    assert np.array_equal(chosen.of_contract("underlying"), np.full(2 * len(DAYS), "XYZ", dtype=object))


def test_weights_that_do_not_sum_to_100_are_said_to_be_rescaled():
    warnings = load_settings("put_recommendations", {"puts.score.weights.support_strength": 10}).warnings
    assert any("the six weights sum to 90, those not given keep their default" in text for text in warnings)
