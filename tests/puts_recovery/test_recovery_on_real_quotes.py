"""Both definitions over five years of real quotes, from the file on."""

from __future__ import annotations

import pytest

from backtrader_system.puts.chain_reading.read_chain import read_chain
from backtrader_system.puts.chain_reading.underlying_bars import underlying_bars
from backtrader_system.puts.outcomes import contract_outcomes
from backtrader_system.puts.probabilities.methods import METHODS, probability_methods
from backtrader_system.puts.probabilities.validation import validation_table
from backtrader_system.puts.recovery.headline import recovery_headline
from backtrader_system.settings.puts import PutsSettings

pytestmark = pytest.mark.real_data

SETTINGS = PutsSettings(quotes={"style": "european"}, score={"probability_method": "black_scholes"})


@pytest.fixture(scope="module")
def judged(data_folder):
    chain = read_chain(data_folder / "options_50etf_2015_2019.parquet", SETTINGS)
    outcomes = contract_outcomes(chain, underlying_bars(chain), SETTINGS)
    return chain, probability_methods(chain, outcomes, SETTINGS), outcomes


def test_recovery_advantage_vanishes_once_the_future_is_not_known(judged):
    value = {name: figure.value for name, figure in recovery_headline(*judged, SETTINGS).items()}
    assert value["recovery_advantage_whole_life_low"] > 0
    assert value["recovery_advantage_causal"] < 0
    assert value["recovery_flagged_far_whole_life"] > value["recovery_flagged_near_whole_life"]
    assert value["recovery_flagged_far_causal"] < value["recovery_flagged_near_causal"]


def test_every_method_beats_the_base_rate(judged):
    chain, probabilities, outcomes = judged
    table = validation_table(chain, probabilities, outcomes, SETTINGS)
    compared = table[table["sample"] == "entry, all methods"]
    assert compared["method"].tolist() == list(METHODS)
    assert (compared["options"] > 800).all()
    assert (compared["brier_skill"] > 0.3).all()
