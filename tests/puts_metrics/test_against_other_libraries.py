"""Every statistic equals another library's, or arithmetic written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import pointbiserialr, spearmanr
from sklearn.metrics import brier_score_loss, roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.outliers_influence import variance_inflation_factor
from statsmodels.stats.sandwich_covariance import cov_cluster, cov_cluster_2groups

from backtrader_system.metrics.puts.discrimination import auc_estimate, auc_within_expiry, pair_counts
from backtrader_system.metrics.puts.errors_by_cluster import Resampling, clustered_variance, resampling
from backtrader_system.metrics.puts.importance import factor_importance, holm, variance_inflation
from backtrader_system.metrics.puts.logistic import cross_fitted, logistic_fit
from backtrader_system.metrics.puts.permutation import shuffle_within
from backtrader_system.metrics.puts.reliability import brier
from backtrader_system.metrics.puts.sample import FACTORS, EvidenceSample, evidence_sample
from backtrader_system.metrics.puts.simulated import simulated_rows


@pytest.fixture(scope="module")
def sample() -> EvidenceSample:
    rows = simulated_rows(5, n_expiries=24, n_underlyings=12, n_strikes=3, skill=4.0)
    return evidence_sample(rows.assign(score=rows["score"].round(-1)))      # tens, so that many are equal


def _draws(sample: EvidenceSample, n: int = 200) -> Resampling:
    return resampling(np.random.default_rng(1), n_clusters=sample.n_clusters, n_samples=n)


def test_auc_is_that_of_scikit_learn(sample: EvidenceSample) -> None:
    auc = auc_estimate(sample.score, sample, _draws(sample))

    assert auc.value == pytest.approx(roc_auc_score(sample.worthless, sample.score), abs=1e-12)


def test_auc_of_a_resample_of_months_is_that_of_its_rows(sample: EvidenceSample) -> None:
    won, n = sample.worthless > 0.5, sample.n_clusters
    counts = pair_counts(won, sample.score, sample.cluster, n)
    for weight in _draws(sample, 5).counts:
        rows = np.concatenate([np.tile(np.flatnonzero(sample.cluster == g), int(w)) for g, w in enumerate(weight)])
        pairs = (weight @ np.bincount(sample.cluster[won], minlength=n)) * (
            weight @ np.bincount(sample.cluster[~won], minlength=n))
        assert weight @ counts @ weight / pairs == pytest.approx(
            roc_auc_score(sample.worthless[rows], sample.score[rows]), abs=1e-12)


def test_auc_within_expiry_averages_the_dates_by_their_pairs(sample: EvidenceSample) -> None:
    above = pairs = 0.0
    for stratum in range(sample.n_strata):
        rows = sample.stratum == stratum
        y = sample.worthless[rows]
        if 0 < y.sum() < len(y):
            n_pairs = y.sum() * (len(y) - y.sum())
            above += n_pairs * roc_auc_score(y, sample.score[rows])
            pairs += n_pairs

    assert auc_within_expiry(sample.score, sample, _draws(sample)).value == pytest.approx(above / pairs, abs=1e-12)


def test_slope_and_r2_are_those_of_statsmodels_without_scaling(sample: EvidenceSample) -> None:
    columns = sample.rows[["score", "moneyness"]].to_numpy()
    outside = sm.Logit(sample.worthless, sm.add_constant(columns)).fit(disp=0)
    fit = logistic_fit(columns, sample, 0.95, n_flips=9)

    assert fit.coefficient == pytest.approx(outside.params[1:], rel=1e-6)
    assert fit.mcfadden_r2 == pytest.approx(outside.prsquared, rel=1e-8)


def test_error_of_the_slope_is_a_jackknife_over_months() -> None:
    one = evidence_sample(simulated_rows(7, n_expiries=30, n_underlyings=4, n_strikes=5))
    fit = logistic_fit(one.score[:, None], one, 0.95, n_flips=9)
    refitted = np.array([
        sm.Logit(one.worthless[one.cluster != g], sm.add_constant(one.score[one.cluster != g])).fit(disp=0).params[1]
        for g in range(30)])
    error = np.sqrt(29 / 30 * np.sum((refitted - fit.coefficient[0]) ** 2))

    # 2.045 is the t quantile of 29 degrees of freedom; one Newton step instead of a whole fit costs a few percent.
    assert fit.high[0] - fit.coefficient[0] == pytest.approx(2.04523 * error, rel=0.05)


def test_error_of_the_slope_is_no_narrower_than_the_sandwich_of_statsmodels(sample: EvidenceSample) -> None:
    outside = sm.Logit(sample.worthless, sm.add_constant(sample.score)).fit(disp=0)
    sandwich = np.sqrt(max(cov_cluster_2groups(outside, sample.cluster, sample.underlying)[0][1, 1],
                           cov_cluster(outside, sample.cluster)[1, 1]))
    fit = logistic_fit(sample.score[:, None], sample, 0.95, n_flips=9)
    error = (fit.high[0] - fit.coefficient[0]) / 2.20099      # t quantile of 12 - 1 degrees of freedom

    assert 1.0 <= error / sandwich < 1.25


def test_two_way_variance_of_a_mean_is_that_of_statsmodels(sample: EvidenceSample) -> None:
    rows = sample.rows.assign(pnl=sample.rows["pnl"] + 2.0 * sample.underlying)      # so that underlyings matter
    outside = sm.OLS(rows["pnl"].to_numpy(), np.ones(len(rows))).fit()
    joint, _, _ = cov_cluster_2groups(outside, sample.cluster, sample.underlying, use_correction=False)
    residual = (rows["pnl"] - rows["pnl"].mean()).to_numpy() / len(rows)
    by_month, by_stock = (pd.Series(residual).groupby(group).sum().pow(2).sum()
                          for group in (sample.cluster, sample.underlying))
    both = pd.Series(residual).groupby([sample.cluster, sample.underlying]).sum().pow(2).sum()

    assert by_month + by_stock - both == pytest.approx(joint[0, 0], rel=1e-9)
    # Ours corrects each part for its number of clusters: 24 months, 12 underlyings, 288 of both.
    assert clustered_variance(residual, sample) == pytest.approx(
        24 / 23 * by_month + 12 / 11 * by_stock - 288 / 287 * both, rel=1e-9)


def test_brier_is_that_of_scikit_learn(sample: EvidenceSample) -> None:
    chance = sample.rows["market_probability"].to_numpy()
    rate = sample.worthless.mean()

    found = brier(sample.worthless, chance)

    assert found.error == pytest.approx(brier_score_loss(sample.worthless, chance), rel=1e-12)
    assert found.skill == pytest.approx(1 - found.error / (rate * (1 - rate)), rel=1e-12)


def test_variance_inflation_is_that_of_statsmodels(sample: EvidenceSample) -> None:
    columns = sample.rows[list(FACTORS)].to_numpy()
    design = sm.add_constant(columns)

    assert variance_inflation(columns) == pytest.approx(
        [variance_inflation_factor(design, place) for place in range(1, 7)], rel=1e-9)


def test_correlations_are_those_of_scipy(sample: EvidenceSample) -> None:
    table = factor_importance(sample, confidence=0.95, n_samples=99, seed=1).set_index("factor")
    value = sample.rows["historical_peak"]

    assert table.loc["historical_peak", "correlation"] == pytest.approx(
        pointbiserialr(sample.worthless > 0.5, value)[0], rel=1e-9)
    assert table.loc["historical_peak", "spearman"] == pytest.approx(
        spearmanr(sample.worthless, value)[0], rel=1e-9)


def test_multivariate_coefficients_are_per_standard_deviation(sample: EvidenceSample) -> None:
    table = factor_importance(sample, confidence=0.95, n_samples=99, seed=1)
    columns = sample.rows[list(FACTORS)]
    standard = (columns - columns.mean()) / columns.std(ddof=0)
    outside = sm.Logit(sample.worthless, sm.add_constant(standard.to_numpy())).fit(disp=0)

    assert table["multivariate_coefficient"].to_numpy() == pytest.approx(outside.params[1:], rel=1e-6)


def test_holm_is_that_of_statsmodels() -> None:
    p_value = np.array([0.012, 0.4, 0.03, 0.001, 0.03, 0.2])

    assert holm(p_value) == pytest.approx(multipletests(p_value, method="holm")[1], rel=1e-12)


def test_trend_over_its_plain_deviation_is_mantels(sample: EvidenceSample) -> None:
    made = shuffle_within(sample.worthless, sample.score[:, None], sample, 1_999, np.random.default_rng(2))
    variance = 0.0
    for stratum in range(sample.n_strata):
        rows = sample.stratum == stratum
        s, y = (values[rows] - values[rows].mean() for values in (sample.score, sample.worthless))
        variance += float(s @ s) * float(y @ y) / (rows.sum() - 1)

    # The shuffled sums have Mantel's (1963) variance and mean 0; 1,999 shuffles give it to 3 %.
    assert made.shuffled_total.std() == pytest.approx(np.sqrt(variance), rel=0.06)
    assert abs(made.shuffled_total.mean()) < 4 * np.sqrt(variance / 1_999)


def test_cross_fitted_probabilities_come_from_the_other_blocks(sample: EvidenceSample) -> None:
    columns = sample.rows[["moneyness", "score"]].to_numpy()
    is_out = sample.cluster * 5 // 24 == 2
    outside = sm.Logit(sample.worthless[~is_out], sm.add_constant(columns[~is_out])).fit(disp=0)

    assert cross_fitted(columns, sample)[is_out] == pytest.approx(
        outside.predict(sm.add_constant(columns[is_out])), rel=1e-6)
