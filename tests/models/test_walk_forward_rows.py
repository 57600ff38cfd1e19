"""Which rows train which session, on calendars small enough to count."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.models.walk_forward import make_samples, plan_fits, training_rows
from backtrader_system.settings.models import MlSettings
from backtrader_system.signals.labels import NOT_SETTLED, Label


def settings(**changes):
    return MlSettings(**{"embargo_sessions": 0, "min_training_days": 1, "training_window_sessions": None, **changes})


def label(n_sessions, horizon, n_symbols=1, value=1.0):
    end = np.arange(n_sessions)[:, None] + np.full((1, n_symbols), horizon)
    is_open = end >= n_sessions
    return Label(np.where(is_open, np.nan, value), np.where(is_open, NOT_SETTLED, end))


def sample(n_sessions=20, horizon=3, **changes):
    features = np.zeros((n_sessions, 1, 2), dtype=np.float32)
    features[changes.pop("missing", []), 0, 1] = np.nan
    return make_samples(features, label(n_sessions, horizon), np.ones((n_sessions, 1), dtype=bool), pooled=False)[0]


def sessions(one, rows):
    return one.session[rows].tolist()


def test_purge_a_label_that_ends_in_the_session_may_not_train_it():
    one = sample(horizon=3)

    # Session 10: labels that ended at 9 or before, that is rows up to 6.
    assert sessions(one, training_rows(one, 10, settings())) == list(range(7))


@pytest.mark.parametrize(("embargo", "last"), [(0, 6), (1, 5), (4, 2)])
def test_embargo_keeps_further_sessions_free(embargo, last):
    one = sample(horizon=3)

    assert sessions(one, training_rows(one, 10, settings(embargo_sessions=embargo))) == list(range(last + 1))


def test_the_window_takes_the_last_sessions():
    one = sample(horizon=3)

    assert sessions(one, training_rows(one, 10, settings(training_window_sessions=4))) == [3, 4, 5, 6]


def test_rows_with_a_missing_feature_do_not_train():
    one = sample(horizon=3, missing=[4, 5])

    rows = training_rows(one, 10, settings(training_window_sessions=4))
    assert sessions(one, rows) == [1, 2, 3, 6]


def test_too_few_rows_make_no_model():
    one = sample(horizon=3)

    assert training_rows(one, 10, settings(min_training_days=7)).size == 7
    assert training_rows(one, 10, settings(min_training_days=8)).size == 0


def test_a_model_made_every_third_session_predicts_three_and_knows_no_more():
    one = sample(horizon=3)

    fits = plan_fits(one, 10, 16, settings(retrain_every_sessions=3))

    assert [sessions(one, fit.predict) for fit in fits] == [[10, 11, 12], [13, 14, 15], [16]]
    assert [sessions(one, fit.train)[-1] for fit in fits] == [6, 9, 12]
    assert [fit.trained_through for fit in fits] == [9, 12, 15]


def test_sessions_without_a_row_to_predict_make_no_model():
    one = sample(horizon=3, missing=[11])

    assert [sessions(one, fit.predict) for fit in plan_fits(one, 10, 12, settings())] == [[10], [12]]


def test_pooled_rows_are_split_by_session_and_the_window_counts_sessions():
    features = np.zeros((20, 3, 1), dtype=np.float32)
    features[5, 1] = np.nan
    pool = make_samples(features, label(20, 3, 3), np.ones((20, 3), dtype=bool), pooled=True)

    rows = training_rows(pool[0], 10, settings(training_window_sessions=2, embargo_sessions=0))
    assert len(pool) == 1
    assert list(zip(pool[0].session[rows].tolist(), pool[0].column[rows].tolist(), strict=True)) == [
        (5, 0), (5, 2), (6, 0), (6, 1), (6, 2)]


def test_a_late_label_of_one_symbol_does_not_slip_in_with_the_others():
    late = label(20, 3, 2)
    late.end[4, 1] = 12                      # halted: the same horizon ends later
    pool = make_samples(np.zeros((20, 2, 1), dtype=np.float32), late, np.ones((20, 2), dtype=bool), pooled=True)[0]

    rows = training_rows(pool, 10, settings())
    assert (4, 1) not in set(zip(pool.session[rows].tolist(), pool.column[rows].tolist(), strict=True))
    assert pool.end[rows].max() == 9
