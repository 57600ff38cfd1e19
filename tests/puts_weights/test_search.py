"""The search over all weights against scikit-learn and hand counts."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from backtrader_system.errors import DataError
from backtrader_system.puts.weights.grid import all_weights, distinct_weights
from backtrader_system.puts.weights.search import evaluate_units, search_weights
from backtrader_system.puts.weights.tenths import ranked_rows


def sample(n: int, seed: int = 3, missing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    latent = random.standard_normal(n)
    factors = np.clip(50 + 18 * (0.3 * latent[:, None] + random.standard_normal((n, 6))), 0, 100)
    factors[random.random(factors.shape) < missing] = np.nan
    return factors, (random.random(n) < 1 / (1 + np.exp(-latent))).astype(float)


def exact_scores(factors: np.ndarray, weights: np.ndarray) -> list[Fraction]:
    """Return the score of each row as a fraction, from its definition."""
    scores = []
    for row in factors:
        has = [(int(w), round(float(x) * 10)) for w, x in zip(weights, row, strict=True) if np.isfinite(x)]
        total = sum(w for w, _ in has)
        scores.append(Fraction(sum(w * x for w, x in has), total) if total else Fraction(500))
    return scores


def test_there_are_as_many_vectors_as_the_domain_says():
    # Coefficient of x^20 in ((1 - x^11) / (1 - x))^6: C(25,5) - 6 C(14,5).
    assert len(all_weights()) == 53130 - 6 * 2002 == 41118
    assert (all_weights().sum(axis=1) == 100).all()
    assert all_weights().max() == 50


def test_every_vector_of_the_grid_is_there_once_and_in_order():
    grid = all_weights(3, 25, 50)
    assert grid.tolist() == [[0, 50, 50], [25, 25, 50], [25, 50, 25], [50, 0, 50], [50, 25, 25], [50, 50, 0]]


def test_the_area_equals_scikit_learns_on_whole_tenths():
    factors, worthless = sample(700)
    found = search_weights(factors, worthless)
    tenths = np.rint(factors * 10).astype(int)
    for place in np.random.default_rng(1).choice(len(found.units), 60, replace=False):
        expected = roc_auc_score(worthless, tenths @ found.units[place])
        assert found.auc[place] == pytest.approx(expected, abs=1e-12)


def test_many_ties_count_half():
    factors, worthless = sample(400)
    factors = np.round(factors / 50) * 50
    found = search_weights(factors, worthless, weights=all_weights(step=10))
    for place in range(0, len(found.units), 97):
        expected = roc_auc_score(worthless, factors.astype(int) @ found.units[place])
        assert found.auc[place] == pytest.approx(expected, abs=1e-12)


def test_rows_without_some_factors_are_scored_by_those_they_have():
    factors, worthless = sample(150, missing=0.4)
    grid = all_weights(step=25)
    kept = np.isfinite(factors).any(axis=1)
    found = search_weights(factors, worthless, weights=grid)
    for place in range(len(grid)):
        scores = exact_scores(factors[kept], grid[place])
        order = {score: rank for rank, score in enumerate(sorted(set(scores)))}
        expected = roc_auc_score(worthless[kept], [order[score] for score in scores])
        assert found.auc[found.vector_of_grid[place]] == pytest.approx(expected, abs=1e-12)


def test_equal_scores_of_rows_with_different_factors_are_a_tie():
    # 60 and 30 with equal weights make 45; the second row has only the first factor: 45.
    factors = np.array([[60.0, 30.0], [45.0, np.nan]])
    found = search_weights(factors, np.array([1, 0]), weights=np.array([[50, 50]]))
    assert found.auc.tolist() == [0.5]


def test_a_row_whose_factors_all_weigh_nothing_scores_fifty():
    factors = np.array([[51.0, 0.0], [49.0, 0.0], [np.nan, 100.0]])
    found = search_weights(factors, np.array([1, 1, 0]), weights=np.array([[100, 0]]))
    assert found.auc.tolist() == [0.5]


def test_factors_without_data_weigh_nothing_and_equal_vectors_are_searched_once():
    factors, worthless = sample(300)
    factors[:, [0, 3]] = np.nan
    found = search_weights(factors, worthless)
    assert not found.weights[:, [0, 3]].any()
    np.testing.assert_allclose(found.weights.sum(axis=1), 100)
    shares = {tuple(Fraction(int(w), int(one.sum())) for w in one) for one in found.units}
    assert len(shares) == len(found.units) < len(found.grid) == 41118
    assert len(found.vector_of_grid) == 41118
    place = int(np.flatnonzero((found.grid == [25, 20, 15, 15, 15, 10]).all(axis=1))[0])
    np.testing.assert_allclose(found.weights[found.vector_of_grid[place]], np.array([0, 20, 15, 0, 15, 10]) / 0.6)


def test_a_grid_vector_of_absent_factors_only_has_no_place():
    found = distinct_weights(np.array([[10, 10, 0], [0, 0, 20], [4, 4, 12]]), np.array([True, True, False]))
    assert found.units.tolist() == [[10, 10, 0]]
    assert found.vector_of_grid.tolist() == [0, -1, 0]


def test_the_result_does_not_depend_on_the_number_of_threads():
    factors, worthless = sample(300, missing=0.1)
    returns, expiry = np.where(worthless == 1, 0.01, -0.05), np.arange(300) % 7
    results = [search_weights(factors, worthless, weights=all_weights(step=10), pnl=returns, ranks_within=expiry,
                              has_brier=True, threads=threads) for threads in (1, 2, 5)]
    for other in results[1:]:
        for name in ("auc", "brier", "top_return"):
            np.testing.assert_array_equal(getattr(results[0], name), getattr(other, name))


def test_the_order_of_the_rows_does_not_matter():
    factors, worthless = sample(300, missing=0.1)
    mixed = np.random.default_rng(2).permutation(300)
    one, other = (search_weights(factors[rows], worthless[rows], weights=all_weights(step=10), has_brier=True)
                  for rows in (np.arange(300), mixed))
    np.testing.assert_array_equal(one.auc, other.auc)
    np.testing.assert_allclose(one.brier, other.brier, rtol=0, atol=1e-13)


def test_the_brier_score_is_that_of_the_best_rising_function():
    factors, worthless = sample(500)
    found = search_weights(factors, worthless, weights=all_weights(step=25), has_brier=True)
    for place in range(0, len(found.units), 7):
        scores = np.rint(factors * 10).astype(int) @ found.units[place]
        fitted = IsotonicRegression().fit_transform(scores, worthless)
        assert found.brier[place] == pytest.approx(np.mean((fitted - worthless) ** 2), abs=1e-12)


def test_the_return_of_the_best_is_the_mean_over_expiries_of_their_means():
    factors = np.array([[90.0, 0], [80, 0], [10, 0], [30, 0], [20, 0]])
    returns, expiry = np.array([0.04, 0.02, -1.0, 0.10, -1.0]), np.array([1, 1, 1, 2, 2])
    found = search_weights(factors, np.array([1, 1, 0, 1, 0]), pnl=returns, ranks_within=expiry, top_n=2,
                           weights=np.array([[100, 0]]))
    assert found.top_return[0] == pytest.approx(((0.04 + 0.02) / 2 + (0.10 - 1.0) / 2) / 2)


def test_options_tied_at_the_edge_share_the_places_left():
    factors = np.array([[90.0, 0], [50, 0], [50, 0], [50, 0]])
    returns = np.array([0.10, 0.02, 0.04, -0.03])
    found = search_weights(factors, np.array([1, 1, 1, 0]), pnl=returns, ranks_within=np.zeros(4), top_n=3,
                           weights=np.array([[100, 0]]))
    assert found.top_return[0] == pytest.approx((0.10 + 2 * (0.02 + 0.04 - 0.03) / 3) / 3)


def test_rows_of_unknown_outcome_are_left_out():
    factors, worthless = sample(200)
    unknown = np.vstack([factors, np.full((5, 6), 99.0)])
    one, other = (search_weights(x, y, weights=all_weights(step=25))
                  for x, y in ((factors, worthless), (unknown, np.append(worthless, [np.nan] * 5))))
    np.testing.assert_array_equal(one.auc, other.auc)


def test_one_outcome_only_gives_no_area():
    found = search_weights(sample(50)[0], np.ones(50), weights=all_weights(step=25))
    assert np.isnan(found.auc).all()
    assert found.best() == -1


def test_no_row_gives_no_area():
    found = search_weights(np.full((3, 6), np.nan), np.array([1, 0, 1]), weights=all_weights(step=25))
    assert len(found.units) == 0
    assert found.best() == -1


def test_a_factor_outside_its_range_is_refused():
    with pytest.raises(DataError, match=r"factors \[1\] .* from 0 to 100\.2; .* normalise"):
        search_weights(np.array([[0.0, 100.2], [50.0, 50.0]]), np.array([1, 0]), weights=np.array([[50, 50]]))


def test_weights_off_the_grid_are_refused():
    with pytest.raises(DataError, match="multiples of 5 percent"):
        search_weights(*sample(20), weights=np.array([[12, 8, 20, 20, 20, 20]]))


def test_of_equal_vectors_the_most_even_is_best():
    factors = np.array([[90.0, 90.0], [10.0, 10.0]])
    found = search_weights(factors, np.array([1, 0]), weights=np.array([[0, 100], [50, 50], [100, 0]]))
    assert found.weights[found.best()].tolist() == [50.0, 50.0]


def test_single_scores_are_exact_as_those_of_the_search_are():
    factors, worthless = sample(200, missing=0.3)
    rows = ranked_rows(factors, worthless)
    weights = np.array([2513, 1987, 1500, 1500, 1500, 1000])
    expected = exact_scores(factors[rows.row], weights)
    assert rows.scores(weights).tolist() == [float(score) for score in expected]


def test_a_single_score_is_neutral_where_the_factors_at_hand_weigh_nothing():
    rows = ranked_rows(np.array([[np.nan, 90.0]]), np.array([1]))
    assert rows.scores(np.array([100, 0])).tolist() == [500.0]


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
def test_patterns_of_every_kind_agree_with_fractions(seed):
    random = np.random.default_rng(seed)
    factors, worthless = sample(80, seed, missing=random.random() * 0.8)
    factors = np.where(random.random() < 0.5, np.round(factors / 10) * 10, factors)
    rows = ranked_rows(factors, worthless)
    units = all_weights()[random.choice(41118, 40)] // 5
    for one, area in zip(units, evaluate_units(rows, units)[0], strict=True):
        scores = exact_scores(factors[rows.row], one)
        order = {score: rank for rank, score in enumerate(sorted(set(scores)))}
        assert area == pytest.approx(roc_auc_score(rows.worthless, [order[score] for score in scores]), abs=1e-12)
