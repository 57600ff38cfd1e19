"""A cached prediction is found only by exactly what made it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backtrader_system.models.forest import Forest
from backtrader_system.models.retraining import Job, fit_key
from backtrader_system.models.walk_forward import Fit, Sample

N_ROWS = 12
SAMPLE = Sample(
    features=np.arange(N_ROWS * 2, dtype=np.float32).reshape(N_ROWS, 2), label=np.linspace(0, 1, N_ROWS),
    session=np.arange(N_ROWS), column=np.zeros(N_ROWS, dtype=int), end=np.arange(N_ROWS) + 3,
    can_train=np.ones(N_ROWS, dtype=bool), can_predict=np.ones(N_ROWS, dtype=bool),
)
FIT = Fit(train=np.arange(2, 8), predict=np.array([10]), trained_through=10)
FOREST = Forest(False, 5, 3, 1, "sqrt", 42)


def key(fit=FIT, forest=FOREST, **changes):
    return fit_key(Job(replace(SAMPLE, **changes), (fit,), forest), fit)


def nudged(values, row):
    changed = values.copy()
    changed[row] += 1
    return changed


@pytest.mark.parametrize("other", [
    key(label=nudged(SAMPLE.label, 7)), key(features=nudged(SAMPLE.features, 2)),
    key(features=nudged(SAMPLE.features, 10)), key(replace(FIT, train=np.arange(1, 8))),
    key(replace(FIT, predict=np.array([9]))), key(forest=replace(FOREST, is_classifier=True)),
    key(forest=replace(FOREST, seed=43)), key(forest=replace(FOREST, min_samples_leaf=2)),
], ids=["label", "training row", "predicted row", "more rows", "other row", "kind", "seed", "leaf"])
def test_whatever_changes_a_prediction_changes_the_key(other):
    assert other != key()


def test_rows_that_no_model_sees_do_not_change_the_key():
    assert key(label=nudged(SAMPLE.label, 9), features=nudged(SAMPLE.features, 11)) == key()
