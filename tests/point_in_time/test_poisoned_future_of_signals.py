"""Replace or remove everything after T: what was known at T must not change by a bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_market import random_panel, truncated_after, with_garbage_after

from backtrader_system.models.ml_signals import score_market
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.features import FEATURES, compute_features
from backtrader_system.signals.labels import make_labels
from backtrader_system.signals.rules import RULE_FEATURES, base_signals

BARS = random_panel()
LAST_KNOWN = 131
FUTURES = {
    "garbage": with_garbage_after(BARS, LAST_KNOWN),
    "other garbage": with_garbage_after(BARS, LAST_KNOWN, seed=5),
    "none": truncated_after(BARS, LAST_KNOWN),
}
PAST = slice(0, LAST_KNOWN + 1)


@pytest.fixture(params=FUTURES.values(), ids=FUTURES.keys())
def changed(request):
    return request.param


@pytest.mark.parametrize("name", FEATURES)
def test_features(changed, name):
    assert compute_features(changed, [name])[name][PAST].tobytes() == (
        compute_features(BARS, [name])[name][PAST].tobytes())


@pytest.mark.parametrize("profile", ["strict", "relaxed", "live"])
def test_rules(changed, profile):
    for original, other in zip(base_signals(compute_features(BARS, RULE_FEATURES), profile),
                               base_signals(compute_features(changed, RULE_FEATURES), profile), strict=True):
        assert original[PAST].tobytes() == other[PAST].tobytes()


@pytest.mark.parametrize("kind", ["forward", "original"])
def test_settled_labels(changed, kind):
    original, other = make_labels(BARS, kind, 10, 3), make_labels(changed, kind, 10, 3)

    for name in ("regime", "strength"):
        before, after = getattr(original, name), getattr(other, name)
        settled = (before.end[PAST] >= 0) & (before.end[PAST] <= LAST_KNOWN)
        assert settled.sum() > 150
        assert before.value[PAST][settled].tobytes() == after.value[PAST][settled].tobytes()
        assert before.end[PAST][settled].tobytes() == after.end[PAST][settled].tobytes()
        # And nothing counts as settled by then that was not.
        assert np.array_equal(settled, (after.end[PAST] >= 0) & (after.end[PAST] <= LAST_KNOWN))


@pytest.mark.parametrize("labels", ["forward", "original"])
@pytest.mark.parametrize("pooled", [False, True], ids=["each", "pooled"])
def test_predictions_and_scores(changed, labels, pooled):
    before, after = (run(bars, labels, pooled) for bars in (BARS, changed))

    for name in ("direction", "score", "base_score", "probability", "ml_multiplier", "is_enhanced"):
        assert getattr(before.scored, name)[PAST].tobytes() == getattr(after.scored, name)[PAST].tobytes(), name
    known = ["session", "symbol", "p_trending", "strength", "trained_through", "n_train"]
    tables = [result.predictions.query("session <= @BARS.sessions[@LAST_KNOWN]")[known] for result in (before, after)]
    assert len(tables[0]) > 50
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert before.scored.is_enhanced[PAST].sum() > 20


def run(bars, labels, pooled):
    forest = {"n_estimators": 3, "max_depth": 4, "min_samples_leaf": 1}
    settings = Settings.model_validate({
        "data": {"calendar": "24/7"}, "strategy": {"profile": "relaxed"},
        "ml_config": {"cache_dir": None, "workers": 1, "labels": labels, "pooled": pooled, "min_training_days": 30,
                      "retrain_every_sessions": 2, "models": {"regime": forest, "strength": forest}}})
    return score_market(bars, settings, first_session=BARS.sessions[112])
