"""Labels by hand: what a buyer at the next open earns, and when that is settled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_market import panel, random_panel

from backtrader_system.signals.labels import NOT_SETTLED, make_labels

# Twenty returns of +/- 1 %: the last twenty-one closes before the decision.
CALM = 100 * np.cumprod([1.0] + [1.01, 0.99] * 10)
DAILY = np.sqrt(20 * 0.0001 / 19)


def test_forward_strength_is_earned_from_the_next_open():
    close = np.append(CALM, [101.0, 102.0, 103.0])
    opened = np.append(CALM, [100.5, 101.5, 102.5])

    labels = make_labels(panel(close, open=opened), "forward", 2, 3)

    z = (103.0 / 100.5 - 1) / (DAILY * np.sqrt(3))
    assert labels.strength.value[20, 0] == pytest.approx(z / 2)
    assert labels.strength.end[20, 0] == 23


def test_forward_strength_has_the_sign_of_the_move_and_is_cut_at_one():
    up = make_labels(panel(np.append(CALM, [150.0, 160.0, 200.0])), "forward", 2, 2)
    down = make_labels(panel(np.append(CALM, [90.0, 60.0, 50.0])), "forward", 2, 2)

    assert up.strength.value[20, 0] == 1.0
    assert down.strength.value[20, 0] == -1.0


def test_forward_regime_asks_for_the_size_of_the_move_only():
    bars = [panel(np.append(CALM, [CALM[-1], CALM[-1] * (1 + move)])) for move in (0.02, -0.02, 0.005)]

    # sqrt(2) sessions of about 1.026 %: 0.6745 deviations are a move of 0.98 %.
    assert [make_labels(each, "forward", 2, 2).regime.value[20, 0] for each in bars] == [1.0, 1.0, 0.0]


def test_labels_are_open_until_their_end():
    labels = make_labels(panel(np.append(CALM, [101.0, 102.0, 103.0])), "forward", 2, 3)

    assert np.isfinite(labels.regime.value[20:, 0]).tolist() == [True, True, False, False]
    assert labels.regime.end[20:, 0].tolist() == [22, 23, NOT_SETTLED, NOT_SETTLED]
    assert np.isfinite(labels.strength.value[20:, 0]).tolist() == [True, False, False, False]


def test_a_halt_moves_the_end_of_a_label_not_its_horizon():
    close = np.append(CALM, [np.nan, np.nan, 101.0, 102.0])

    labels = make_labels(panel(close), "forward", 2, 2)

    z = (102.0 / 101.0 - 1) / (DAILY * np.sqrt(2))
    assert labels.strength.value[20, 0] == pytest.approx(z / 2)
    assert labels.strength.end[20, 0] == 24
    assert np.isnan(labels.strength.value[21, 0])


def test_dividends_and_splits_are_earned():
    close = np.append(CALM, [100.0, 49.0])
    split, dividend = np.ones(23), np.zeros(23)
    split[22], dividend[22] = 2.0, 1.0

    labels = make_labels(panel(close, split_ratio=split, dividend=dividend), "forward", 2, 2)

    assert labels.strength.value[20, 0] == pytest.approx(0.0, abs=1e-12)     # 2 * (49 + 1) = 100, reinvested


def test_a_price_that_never_moved_has_no_label():
    assert np.isnan(make_labels(panel(np.full(40, 7.0)), "forward", 2, 2).strength.value).all()


def original_by_pandas(close: pd.Series) -> tuple[pd.Series, pd.Series]:
    scale = close.pct_change().rolling(10).std() + 0.001
    score = (close / close.shift(10) - 1).abs() / scale
    regime = (score > score.rolling(50).quantile(0.6)).astype(float)
    strength = 0.3 + 0.7 * (1.5 * (close.shift(-3) / close - 1).abs() / scale).clip(0, 1)
    return regime, strength


def test_original_labels_are_the_predecessors():
    bars = random_panel(actions=False)

    labels = make_labels(bars, "original", 10, 3)

    for column, symbol in enumerate(bars.symbols):
        regime, strength = original_by_pandas(bars.frame(symbol)["close"])
        np.testing.assert_array_equal(labels.regime.value[:, column], regime.reindex(bars.sessions))
        np.testing.assert_allclose(labels.strength.value[:, column], strength.reindex(bars.sessions), rtol=1e-8)


def test_the_original_regime_label_is_settled_at_once():
    labels = make_labels(random_panel(), "original", 10, 3)

    assert labels.regime.end[:, 0].tolist() == list(range(160))
    assert labels.strength.end[:4, 0].tolist() == [NOT_SETTLED] * 4      # no volatility yet
    assert labels.strength.end[100, 0] == 103
