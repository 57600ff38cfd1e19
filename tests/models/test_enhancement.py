"""Enhancement by hand."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.models.enhancement import enhance


def one(kind, strength=0.5, predicted=0.0, p=np.nan, direction=1):
    arrays = [np.array([value]) for value in (direction, strength, p, predicted)]
    result = enhance(*arrays, kind)
    return result.score[0], result.multiplier[0], bool(result.is_enhanced[0])


@pytest.mark.parametrize(("predicted", "p", "total"), [
    (0.2, np.nan, 1 + 0.2), (0.2, 1.0, 1 + 1.2 * 0.2), (0.2, 0.0, 1 + 0.8 * 0.2), (-0.2, 0.5, 1 - 0.2),
    (0.9, 1.0, 1 + 1.2 * 0.5), (-0.9, 1.0, 0.5),
])
def test_forward(predicted, p, total):
    score, multiplier, is_enhanced = one("forward", predicted=predicted, p=p)

    assert multiplier == pytest.approx(total)
    assert score == pytest.approx(0.5 * total)
    assert is_enhanced


def test_forward_prediction_of_a_fall_helps_a_sell():
    assert one("forward", predicted=-0.2, direction=-1)[0] == pytest.approx(0.5 * 1.2)
    assert one("forward", predicted=0.2, direction=-1)[0] == pytest.approx(0.5 * 0.8)


@pytest.mark.parametrize("p", [np.nan, 0.0, 0.5, 1.0])
def test_forward_never_rewards_a_signal_the_model_is_against(p):
    assert one("forward", predicted=-0.01, p=p)[0] < 0.5 < one("forward", predicted=0.01, p=p)[0]


@pytest.mark.parametrize(("strength", "predicted", "p", "total"), [
    (0.5, 0.6, 0.5, 0.6 / 0.5 * 1.0),
    (0.5, 0.6, 1.0, 0.6 / 0.5 * 1.2),
    (0.5, 0.6, np.nan, 0.6 / 0.5),          # a regime model of one class: boost 1
    (0.9, 0.1, 0.0, max(0.5, 0.5 * 0.8)),   # 0.3 / 0.9 is cut to 0.5, the product again
    (0.5, 1.0, 1.0, 1.5 * 1.2),
    (0.05, 0.3, 0.5, 1.5),                  # 0.3 / max(0.05, 0.1) = 3, cut to 1.5
])
def test_original(strength, predicted, p, total):
    score, multiplier, _ = one("original", strength, predicted, p)

    assert multiplier == pytest.approx(total)
    assert score == pytest.approx(min(1.0, strength * total))


@pytest.mark.parametrize("kind", ["forward", "original"])
def test_holds_and_signals_without_a_model_stay_as_they_are(kind):
    nothing = pytest.approx(np.nan, nan_ok=True)

    assert one(kind, strength=0.0, predicted=0.4, p=0.9, direction=0) == (0.0, nothing, False)
    assert one(kind, strength=0.7, predicted=np.nan, p=0.9) == (0.7, nothing, False)


def test_a_score_never_leaves_its_range():
    assert one("forward", strength=0.9, predicted=1.0, p=1.0)[0] == 1.0
