"""Figures of the probabilities against the outcomes, beside scikit-learn and the owner's report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from backtrader_system.puts.probabilities.methods import METHODS, probability_methods
from backtrader_system.puts.probabilities.validation import (
    calibration_bins,
    calibration_error,
    reliability_by_method,
    validation_table,
)
from backtrader_system.settings.puts import PutsSettings

SETTINGS = PutsSettings()


@pytest.fixture
def judged(random_chain):
    chain, outcomes = random_chain
    return chain, outcomes, probability_methods(chain, outcomes, SETTINGS)


def first_quotes(chain, outcomes):
    """Return the position of each contract's first quote and its outcome; all lie within 35 days to expiry."""
    rows = chain.quotes.drop_duplicates("number").index.to_numpy()
    return rows, outcomes["worthless"].to_numpy()[chain.quotes["number"].to_numpy()[rows]]


def test_figures_are_those_of_scikit_learn(judged):
    chain, outcomes, probabilities = judged
    row = validation_table(chain, probabilities, outcomes, SETTINGS).set_index(["sample", "method"]).loc[
        ("entry", "black_scholes")]
    rows, worthless = first_quotes(chain, outcomes)
    predicted = probabilities["black_scholes"].to_numpy()[rows]
    assert row["options"] == row["contracts"] == 252
    assert row["expiries"] == 14
    assert row["brier"] == pytest.approx(brier_score_loss(worthless, predicted))
    assert row["auc"] == pytest.approx(roc_auc_score(worthless, predicted))
    assert row["log_loss"] == pytest.approx(log_loss(worthless, predicted), abs=1e-9)
    assert row["auc_low"] < row["auc"] < row["auc_high"]
    assert row["brier_skill"] == pytest.approx(1 - row["brier"] / (worthless.mean() * (1 - worthless.mean())))


def test_entry_is_the_first_quote_within_the_window(judged):
    chain, outcomes, probabilities = judged
    settings = PutsSettings(score={"entry_days_to_expiry": 10})
    table = validation_table(chain, probabilities, outcomes, settings).set_index(["sample", "method"])
    ten_days = chain.days_to_expiry() == 10
    worthless = outcomes["worthless"].to_numpy()[chain.quotes["number"].to_numpy()[ten_days]]
    expected = brier_score_loss(worthless, probabilities["black_scholes"][ten_days])
    assert table.loc[("entry", "black_scholes"), "brier"] == pytest.approx(expected)


def test_snapshots_count_every_quote_and_have_no_interval(judged):
    chain, outcomes, probabilities = judged
    row = validation_table(chain, probabilities, outcomes, SETTINGS).set_index(["sample", "method"]).loc[
        ("snapshots", "black_scholes")]
    assert row["options"] == 252 * 25       # 26 quotes a contract; that of the expiry day is no forecast
    assert row["contracts"] == 252
    assert np.isnan(row["auc_low"])
    assert row["note"] == "quotes of one option are near copies"


def test_methods_are_compared_on_the_options_all_of_them_know(judged):
    chain, outcomes, probabilities = judged
    table = validation_table(chain, probabilities, outcomes, SETTINGS)
    compared = table[table["sample"] == "entry, all methods"]
    assert compared["method"].tolist() == list(METHODS)
    assert compared["options"].nunique() == 1
    assert compared["options"].iloc[0] < 252


def test_few_expiry_dates_give_no_interval_and_say_so(judged):
    chain, outcomes, probabilities = judged
    first = outcomes.assign(worthless=outcomes["worthless"].where(outcomes["expiry_session"] < "2020-10-01"))
    table = validation_table(chain, probabilities, first, SETTINGS).set_index(["sample", "method"])
    row = table.loc[("entry", "black_scholes")]
    assert row["note"] == "8 expiry dates; an interval needs 10"
    assert np.isnan(row["auc_low"])


def test_unknown_outcomes_leave_an_empty_row(judged):
    chain, outcomes, probabilities = judged
    table = validation_table(chain, probabilities, outcomes.assign(worthless=np.nan), SETTINGS)
    assert (table["options"] == 0).all()
    assert table["note"].unique().tolist() == ["no option with a probability and a known outcome"]


def test_bins_hold_their_lower_edge_and_the_last_one_its_upper():
    bins = calibration_bins(np.array([0.7, 0.69999, 1.0, 0.0, np.nan]), np.array([1.0, 0.0, 1.0, 0.0, 1.0]))
    assert bins["bin"].tolist() == ["0-10%", "60-70%", "70-80%", "90-100%"]


def test_reliability_has_an_interval_for_entries_only(judged):
    chain, outcomes, probabilities = judged
    table = reliability_by_method(chain, probabilities, outcomes, SETTINGS)
    entry, snapshots = (table[table["sample"] == name] for name in ("entry", "snapshots"))
    assert (entry["low"] <= entry["actual"]).all()
    assert (entry["high"] >= entry["actual"]).all()
    assert snapshots["low"].isna().all()
    assert entry[entry["method"] == "black_scholes"]["options"].sum() == 252


@pytest.mark.real_data
@pytest.mark.parametrize("method", ["Weighted Average", "Bayesian Calibrated", "Bias Corrected", "Historical IV"])
def test_owners_calibration_error_follows_from_the_owners_bins(data_folder, method):
    folder = data_folder / "reference" / "putoptions"
    bins = pd.read_csv(folder / "validation_calibration_aggregated.csv", sep="|").rename(
        columns={"PredictedProb": "predicted", "ActualRate": "actual", "Count": "options"})
    published = pd.read_csv(folder / "validation_metrics.csv", sep="|").set_index("ProbMethod").loc[method]
    bins = bins[bins["ProbMethod"] == method]
    assert bins["options"].sum() == published["Count"]
    assert calibration_error(bins) == pytest.approx(published["Expected_Calibration_Error"], abs=1e-6)


@pytest.mark.real_data
def test_owners_bins_of_black_scholes_leave_out_what_lies_below_half(data_folder):
    folder = data_folder / "reference" / "putoptions"
    bins = pd.read_csv(folder / "validation_calibration_aggregated.csv", sep="|")
    published = pd.read_csv(folder / "validation_metrics.csv", sep="|").set_index("ProbMethod")["Count"]
    held = bins[bins["ProbMethod"] == "Original Black-Scholes"]["Count"].sum()
    assert published["Original Black-Scholes"] - held == 31_718
