"""Contributions add up to the margin where they are exact, and the table tells winners from losers."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from backtrader_system.models.conviction.contributions import (
    EXACT_LIGHTGBM,
    EXACT_SHAP,
    PERMUTATION,
    Contributions,
    contributions_of,
)
from backtrader_system.models.conviction.importance import IMPORTANCE_COLUMNS, importance_of, importance_table
from backtrader_system.models.conviction.training import train_model

GROUPS = {"telling": ["told"], "noise": ["noise_a", "noise_b", "noise_c", "noise_d"]}


@pytest.fixture(scope="module", params=[("hist_gradient_boosting", EXACT_SHAP), ("lightgbm", EXACT_LIGHTGBM)],
                ids=["histogram", "lightgbm"])
def trained(request, make_rows, quick):
    learner, method = request.param
    return train_model(make_rows(500), quick.model_copy(update={"learner": learner})), method


def test_exact_contributions_add_up_to_the_margin(trained, make_rows):
    model, method = trained
    features = make_rows(80, seed=3).features
    made = model.contributions(features)

    assert made.method == method
    assert made.base + made.values.sum(axis=1).to_numpy() == pytest.approx(model.margin(features), abs=1e-9)


def test_permutation_stands_in_where_shap_is_missing(make_rows, quick, monkeypatch):
    model, features = train_model(make_rows(500), quick), make_rows(300, seed=3).features
    exact = model.contributions(features).values.abs().mean()
    monkeypatch.setitem(sys.modules, "shap", None)
    made = model.contributions(features)

    assert made.method == PERMUTATION
    assert made.values.abs().mean().idxmax() == exact.idxmax() == "told"
    assert made.values.to_numpy().tolist() == model.contributions(features).values.to_numpy().tolist()


class Linear:
    """margin = 3 + 2 a - b."""

    kind = "linear"

    def margin(self, values):
        return 3 + 2 * values[:, 0] - values[:, 1]


def test_permutation_of_a_linear_model_is_the_slope_times_the_deviation():
    values = np.random.default_rng(0).standard_normal((4_000, 3))
    made = contributions_of(Linear(), values, ["a", "b", "c"], pd.RangeIndex(4_000))

    # Shuffling keeps the sum of a column, so the contributions of a linear model add up to nothing.
    assert made.values.sum().to_numpy() == pytest.approx(np.zeros(3), abs=1e-9)
    assert np.polyfit(values[:, 0], made.values["a"], 1)[0] == pytest.approx(2, abs=0.05)
    assert np.polyfit(values[:, 1], made.values["b"], 1)[0] == pytest.approx(-1, abs=0.05)
    assert made.values["c"].abs().max() < 1e-12


def test_no_signal_has_no_contribution(make_rows, quick):
    model = train_model(make_rows(300), quick)

    assert model.contributions(make_rows(50).features[:0]).values.shape == (0, 5)


def test_table_by_hand():
    values = pd.DataFrame({"a": [1.0, -3.0, 2.0, 9.0, np.nan], "b": [0.0, 1.0, -1.0, 9.0, np.nan]})
    table = importance_of(Contributions(values, 0.0, "by hand"), np.array([1.0, 1.0, 0.0, np.nan, 1.0]), {"g": ["a"]})

    assert tuple(table.columns) == IMPORTANCE_COLUMNS
    assert table.to_dict("records") == [
        {"feature": "a", "group": "g", "winners": 2.0, "losers": 2.0, "winners_signed": -1.0, "losers_signed": 2.0},
        {"feature": "b", "group": "", "winners": 0.5, "losers": 1.0, "winners_signed": 0.5, "losers_signed": -1.0}]
    assert table.attrs["method"] == "by hand"


def test_without_losers_their_column_is_unknown():
    table = importance_of(Contributions(pd.DataFrame({"a": [1.0]}), 0.0, ""), np.array([1.0]), {})

    assert table["winners"].tolist() == [1.0]
    assert table["losers"].isna().all()


def test_the_feature_that_tells_comes_first(trained, make_rows):
    new = make_rows(300, seed=4)
    table = importance_table(trained[0], new.features, new.label, GROUPS)

    assert table["feature"][0] == "told"
    assert table["winners_signed"][0] > 0 > table["losers_signed"][0]
    assert set(table["group"]) == {"telling", "noise"}
