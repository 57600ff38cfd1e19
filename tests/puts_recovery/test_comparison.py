"""Both definitions side by side, the owner's table, and a world in which nobody can have an advantage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.probabilities.bins import DAYS_BINS, PROBABILITY_BINS
from backtrader_system.puts.probabilities.history import ProbabilityHistory, peaks_before
from backtrader_system.puts.probabilities.option_days import OptionDays, option_days
from backtrader_system.puts.recovery.comparison import candidate_table, recovery_comparison
from backtrader_system.puts.recovery.headline import recovery_headline
from backtrader_system.puts.recovery.rates import recovery_cells
from backtrader_system.settings.puts import PutsSettings

SETTINGS = PutsSettings()


@pytest.fixture(scope="module")
def owners_table(data_folder):
    """Return the owner's cells of the Bayesian method at threshold 0.8, and our table of the same option-days."""
    rows = pd.read_csv(data_folder / "reference" / "putoptions" / "recovery_report_scenario_sample.csv", sep="|")
    rows = rows[(rows["ProbMethod"] == "Bayesian Calibrated") & (rows["HistoricalPeakThreshold"] == 0.8)]
    counts = rows[["RecoveryCandidate_N", "RecoveryCandidate_WorthlessCount", "AllOptions_N",
                   "AllOptions_WorthlessCount"]].to_numpy()
    found, recovered, everyone, worthless = counts.T
    repeats = np.column_stack([recovered, found - recovered, worthless - recovered,
                               everyone - found - worthless + recovered])
    cell = [PROBABILITY_BINS.index(p) * 6 + DAYS_BINS.index(d)
            for p, d in zip(rows["CurrentProb_Bin"], rows["DTE_Bin"], strict=True)]
    kind = np.repeat(np.tile(np.arange(4), len(rows)), repeats.ravel())
    cells = np.repeat(np.repeat(cell, 4), repeats.ravel())
    n, zeros = len(kind), np.zeros(len(kind), dtype=np.int64)
    days = OptionDays(zeros, zeros, 1, zeros, zeros, zeros, zeros + 1, np.isin(kind, (0, 2)).astype(float),
                      np.ones(n, dtype=bool))
    history = ProbabilityHistory(zeros, zeros, kind < 2, 0.8)
    table = candidate_table(days, cells, history)
    return rows, table.set_index(["probability_bin", "days_to_expiry_bin"])


@pytest.mark.real_data
def test_owners_rates_and_advantages_are_met(owners_table):
    rows, table = owners_table
    for row in rows.itertuples():
        ours = table.loc[(row.CurrentProb_Bin, row.DTE_Bin)]
        assert (ours["candidates"], ours["option_days"]) == (row.RecoveryCandidate_N, row.AllOptions_N)
        assert 100 * ours["worthless_rate"] == pytest.approx(row.RecoveryCandidate_WorthlessRate_pct, abs=1e-9)
        assert 100 * ours["all_rate"] == pytest.approx(row.AllOptions_WorthlessRate_pct, abs=1e-9)
        assert 100 * ours["advantage"] == pytest.approx(row.RecoveryAdvantage_pp, abs=1e-9)


@pytest.mark.real_data
def test_owners_totals_are_those_of_the_domain_page(owners_table):
    total = owners_table[1].loc[("50-90%", "all")]
    assert total["candidates"] == 152_401
    assert [round(100 * total[name], 1) for name in ("worthless_rate", "all_rate", "other_rate")] == [83.5, 75.2, 46.6]


@pytest.mark.real_data
def test_owners_share_of_candidates_grows_with_the_days_to_expiry(owners_table):
    shares = owners_table[1].loc["50-60%"].loc[list(DAYS_BINS), "share_flagged"]
    assert [round(100 * share) for share in shares] == [39, 47, 56, 57, 63, 67]


def small(candidate_worthless, other_worthless):
    """Return days, cells and history of two candidates and two others in one cell, each a contract of its own."""
    days = pd.to_datetime(["2024-01-02"] * 2 + ["2024-01-09"] * 4)
    chain = OptionChain(
        pd.DataFrame({"underlying": "A", "expiry": pd.to_datetime(["2024-01-19"] * 4)}),
        pd.DataFrame({"quote_date": days, "number": [0, 1, 0, 1, 2, 3], "bayesian": [0.95, 0.95, 0.7, 0.7, 0.7, 0.7]}))
    outcomes = pd.DataFrame({"number": range(4), "expiry_session": pd.Timestamp("2024-01-19"),
                             "worthless": [*candidate_worthless, *other_worthless]})
    return chain, outcomes


def test_rates_of_candidates_all_and_others():
    chain, outcomes = small([1.0, 0.0], [0.0, 0.0])
    current = chain.quotes["bayesian"].to_numpy()
    days = option_days(chain, outcomes)
    table = candidate_table(days, recovery_cells(chain, current), peaks_before(days.number, current, 0.9))
    row = table.set_index(["probability_bin", "days_to_expiry_bin"]).loc[("70-80%", "8-14")]
    assert row[["option_days", "candidates", "candidate_contracts", "candidate_expiries"]].tolist() == [4, 2, 2, 1]
    assert row[["share_flagged", "worthless_rate", "all_rate", "other_rate"]].tolist() == [0.5, 0.5, 0.25, 0.0]
    assert row[["advantage", "advantage_over_others"]].tolist() == [0.25, 0.5]


def test_unknown_outcomes_are_not_counted():
    chain, outcomes = small([1.0, np.nan], [0.0, np.nan])
    table = recovery_comparison(chain, chain.quotes[["bayesian"]], outcomes, SETTINGS)
    row = table[(table["definition"] == "causal") & (table["threshold"] == 0.9)
                & (table["probability_bin"] == "70-80%") & (table["days_to_expiry_bin"] == "8-14")].iloc[0]
    assert row[["option_days", "candidates"]].tolist() == [2, 1]


def test_headline_of_one_cell_is_its_advantage_and_has_no_interval():
    chain, outcomes = small([1.0, 0.0], [0.0, 0.0])
    figures = recovery_headline(chain, chain.quotes[["bayesian"]], outcomes, SETTINGS)
    assert figures["recovery_advantage_causal"].value == pytest.approx(0.25)
    assert figures["recovery_advantage_causal_low"].note == "an interval needs 10 expiry dates with candidates, here 1"
    assert "25.0 points more often" in figures["recovery_text"].value


def test_headline_without_candidates_says_so():
    chain, outcomes = small([1.0, 0.0], [0.0, 0.0])
    figures = recovery_headline(chain, chain.quotes[["bayesian"]] * 0.5, outcomes, SETTINGS)
    assert figures["recovery_advantage_causal"].is_missing
    assert figures["recovery_text"].value.startswith("No put")


def test_hindsight_alone_makes_an_advantage_where_probabilities_are_right(martingale):
    figures = recovery_headline(*martingale, SETTINGS)
    value = {name: figure.value for name, figure in figures.items()}
    assert value["recovery_advantage_causal_low"] < 0 < value["recovery_advantage_causal_high"]
    assert value["recovery_advantage_whole_life_low"] > 0.05
    assert value["recovery_expiries_causal"] >= 50
    assert value["recovery_text"].endswith("no advantage can be told from chance.")


def test_share_flagged_falls_with_the_days_to_expiry_unless_the_future_is_known(martingale):
    table = recovery_comparison(*martingale, SETTINGS)
    cells = table[(table["threshold"] == 0.8) & (table["probability_bin"] == "50-60%")]
    shares = cells.set_index(["definition", "days_to_expiry_bin"])["share_flagged"]
    causal, hindsight = (shares[name].reindex(DAYS_BINS[:5]).to_numpy() for name in ("causal", "whole_life"))
    assert causal[0] > causal[2] > causal[4]
    assert hindsight.min() > 0.5
    assert hindsight[4] > causal[4] + 0.3


def test_threshold_of_the_settings_is_in_the_table(martingale):
    settings = PutsSettings(score={"peak_threshold": 0.87})
    table = recovery_comparison(*martingale, settings)
    assert sorted(table["threshold"].unique()) == [0.8, 0.85, 0.87, 0.9, 0.95]
    assert table.groupby("definition", sort=False).size().tolist() == [len(table) // 2] * 2
