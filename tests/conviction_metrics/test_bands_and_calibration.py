"""Bands, trend, ranking and calibration against scipy, scikit-learn, brute force and hand arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from backtrader_system.metrics.conviction.bands import score_trend, win_rate_by_band
from backtrader_system.metrics.conviction.calibration import calibration_figures, reliability_table
from backtrader_system.metrics.conviction.ranking import auc_figures, auc_within


def calibrated(n: int, seed: int = 0, twist: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes of honest probabilities, and these with their logits multiplied by `twist`."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1, 1, n)
    won = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
    return won, 1 / (1 + np.exp(-twist * logit))


def test_bands_count_everything_below_seven_together_and_censored_signals_apart() -> None:
    score = np.array([1, 6, 7, 7, 8, 9, 9, 10, np.nan])
    won = np.array([0, 1, 1, 0, np.nan, 1, 1, 0, 1])
    probability = np.array([0.1, 0.3, 0.7, 0.6, 0.8, 0.9, 0.8, 1.0, 0.5])

    table = win_rate_by_band(score, won, probability)

    assert table["score"].tolist() == ["<7", "7", "8", "9", "10"]
    assert table["signals"].tolist() == [2, 2, 1, 2, 1]
    assert table["resolved"].tolist() == [2, 2, 0, 2, 1]
    assert table["winners"].tolist() == [1, 1, 0, 2, 0]
    assert table["mean_probability"].to_numpy() == pytest.approx([0.2, 0.65, np.nan, 0.85, 1.0], nan_ok=True)
    wilson = stats.binomtest(2, 2).proportion_ci(0.95, method="wilson")
    assert table.loc[3, ["low", "high"]].tolist() == pytest.approx([wilson.low, wilson.high])
    assert np.isnan(table.loc[2, "low"])


def test_trend_in_one_stratum_is_the_correlation_times_the_root_of_n_minus_one() -> None:
    rng = np.random.default_rng(4)
    score = rng.integers(1, 11, 200).astype(float)
    won = (rng.random(200) < score / 20).astype(float)

    found = score_trend(score, won)

    assert found.z == pytest.approx(stats.pearsonr(score, won).statistic * 199**0.5)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(found.z)))


def test_trend_within_strata_equals_a_permutation_within_them() -> None:
    rng = np.random.default_rng(5)
    stratum = np.repeat([0, 1, 2], 30)
    score = rng.integers(5, 11, 90).astype(float)
    won = (rng.random(90) < 0.05 * score).astype(float)
    drawn = np.empty(20_000)
    for i in range(len(drawn)):
        order = np.lexsort((rng.random(90), stratum))
        drawn[i] = np.sum(score * won[order])

    found = score_trend(score, won, stratum)

    assert found.z == pytest.approx((np.sum(score * won) - drawn.mean()) / drawn.std(), abs=0.03)


def test_a_good_month_of_high_scores_is_no_trend() -> None:
    month = np.repeat([0, 1], 100)
    score, won = np.where(month == 0, 5.0, 9.0), np.where(month == 0, 0.0, 1.0)

    assert score_trend(score, won).p_value < 1e-6
    assert score_trend(score, won, month).p_value is None


def test_trend_says_in_words_what_it_found() -> None:
    score = np.repeat([6, 7, 8, 9, 10], 40)
    rising = np.tile(np.arange(40), 5) < np.repeat([4, 8, 12, 16, 20], 40)

    assert score_trend(score, rising * 1.0).text == "The win rate rises with the score (p < 0.001), in every band."
    flat = score_trend(np.repeat([6, 7], [40, 4]), np.tile([1.0, 0.0], 22))
    assert flat.text == ("Not enough evidence that the win rate changes with the score (p = 1.00); "
                         "fewer than 10 known outcomes at score 7.")


def test_auc_equals_that_of_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(6)
    won = rng.integers(0, 2, 300).astype(float)
    score = np.round(won + rng.normal(0, 1.5, 300))

    assert auc_figures(won, score)["auc"].value == pytest.approx(roc_auc_score(won, score), abs=1e-12)


def test_auc_interval_equals_delong_by_pairs() -> None:
    won, score = calibrated(120, seed=2)
    ones, zeros = score[won == 1], score[won == 0]
    pairs = (ones[:, None] > zeros[None, :]) + 0.5 * (ones[:, None] == zeros[None, :])
    auc = pairs.mean()
    error = np.sqrt(pairs.mean(axis=1).var(ddof=1) / len(ones) + pairs.mean(axis=0).var(ddof=1) / len(zeros))
    ends = [np.log(auc / (1 - auc)) + sign * 1.959964 * error / auc / (1 - auc) for sign in (-1, 1)]

    found = auc_figures(won, score)

    assert (found["auc_low"].value, found["auc_high"].value) == pytest.approx(1 / (1 + np.exp(-np.array(ends))))


def test_auc_of_repeated_signals_is_no_surer_than_that_of_single_ones() -> None:
    won, score = calibrated(60, seed=3)
    single = auc_figures(won, score, np.arange(60))
    repeated = auc_figures(np.tile(won, 9), np.tile(score, 9), np.tile(np.arange(60), 9))

    assert repeated["auc_low"].value == pytest.approx(single["auc_low"].value)
    assert auc_figures(np.tile(won, 9), np.tile(score, 9))["auc_low"].value > repeated["auc_low"].value + 0.02


def test_auc_by_clusters_covers_one_half_without_skill() -> None:
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(15), 20)
    covered = 0
    for _ in range(400):
        # A month has its own win rate and its own level of scores, unrelated to each other.
        won = (rng.random(300) < np.clip(0.4 + 0.2 * rng.standard_normal(15), 0.05, 0.95)[cluster]).astype(float)
        found = auc_figures(won, rng.standard_normal(15)[cluster] + rng.standard_normal(300), cluster)
        covered += found["auc_low"].value <= 0.5 <= found["auc_high"].value

    assert covered / 400 >= 0.92


def test_auc_refuses_what_it_cannot_know() -> None:
    won, score = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.8, 0.2, 0.1])

    assert auc_figures(won, score)["auc_low"].note == "winners and losers are wholly separated"
    assert auc_figures(np.ones(3), np.arange(3.0))["auc"].note == "all known outcomes are alike"
    few = auc_figures(np.tile(won, 5), np.tile(score[::-1], 5), np.arange(20) // 5)
    assert few["auc_low"].note == "4 stretches of time; an interval needs 10"


@pytest.mark.parametrize("seed", range(3))
def test_auc_within_one_stratum_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    won = rng.integers(0, 2, 200).astype(float)
    score = np.round(won + rng.normal(0, 1.5, 200))

    assert auc_within(won, score, np.zeros(200))["auc"].value == pytest.approx(roc_auc_score(won, score), abs=1e-12)


#   stratum 1: winners 3, 1 against losers 1, 0: 3.5 of 4 pairs; stratum 2: winner 5 against 9, 6, 4: 1 of 3.
#   Stratum 3 has no loser, the last signal no stratum.
STRATUM = np.array([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, np.nan])
WON = np.array([1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0], dtype=float)
SCORE = np.array([3, 1, 1, 0, 5, 9, 6, 4, 2, 8, 0], dtype=float)


def test_auc_within_two_strata_by_hand() -> None:
    found = auc_within(WON, SCORE, STRATUM, confidence=0.5, min_clusters=2)

    # U = 4.5 / 7. Residuals (3.5 - 4 U) / 7 and (1 - 3 U) / 7 are +-.92857 / 7; variance 2 * 2 * .13265^2; t(1) = 1.
    auc, error = 4.5 / 7, 2 * (3.5 - 4 * 4.5 / 7) / 7
    ends = [np.log(auc / (1 - auc)) + sign * error / auc / (1 - auc) for sign in (-1, 1)]
    assert found["auc"].value == pytest.approx(auc)
    assert (found["auc_low"].value, found["auc_high"].value) == pytest.approx(1 / (1 + np.exp(-np.array(ends))))


def test_auc_within_refuses_what_it_cannot_know() -> None:
    assert auc_within(WON, SCORE, STRATUM)["auc_low"].note == "2 strata with winners and losers; an interval needs 10"
    assert auc_within(WON, SCORE, WON)["auc"].note == "no stratum has both winners and losers"
    assert auc_within(np.full(2, np.nan), np.ones(2), np.ones(2))["auc"].note == "no scored known outcome"


def test_levels_of_months_do_not_move_the_auc_within_them() -> None:
    rng = np.random.default_rng(3)
    month, good = np.repeat(np.arange(20), 200), np.tile([0.2, 0.6], 10)
    won = (rng.random(4_000) < good[month]).astype(float)
    score = -good[month] + 0.01 * rng.standard_normal(4_000)     # high after a bad month, as a retrained model is not

    within = auc_within(won, score, month)

    assert roc_auc_score(won, score) < 0.35
    assert within["auc"].value == pytest.approx(0.5, abs=0.02)
    assert within["auc_low"].value < 0.5 < within["auc_high"].value


def test_auc_within_covers_one_half_without_skill() -> None:
    rng, covered = np.random.default_rng(9), 0
    month = np.repeat(np.arange(15), 20)
    for _ in range(400):
        rate = np.clip(0.4 + 0.2 * rng.standard_normal(15), 0.1, 0.9)
        won = (rng.random(300) < rate[month]).astype(float)
        found = auc_within(won, np.roll(rate, 1)[month] + 0.05 * rng.standard_normal(300), month)
        covered += found["auc_low"].value <= 0.5 <= found["auc_high"].value

    assert 0.92 <= covered / 400 <= 0.98


def test_calibration_takes_the_auc_within_strata_where_they_are_given() -> None:
    won, probability = calibrated(400, seed=5)
    month = np.arange(400) // 25
    probability[7] = np.nan

    found = calibration_figures(won, probability, month, stratum=month)
    plain = calibration_figures(won, probability, month)

    names = ("auc", "auc_low", "auc_high")
    assert {name: found[name] for name in names} == auc_within(won, probability, month)
    assert {k: v for k, v in found.items() if k not in names} == {k: v for k, v in plain.items() if k not in names}


def test_brier_equals_that_of_scikit_learn_and_skill_compares_with_the_base_rate() -> None:
    won, probability = calibrated(500)
    found = calibration_figures(won, probability)

    brier = brier_score_loss(won, probability)
    constant = brier_score_loss(won, np.full(500, won.mean()))
    assert found["brier"].value == pytest.approx(brier)
    assert found["brier_skill"].value == pytest.approx(1 - brier / constant)


@pytest.mark.parametrize("twist", [0.5, 1.0, 2.0])
def test_slope_and_intercept_equal_an_unpenalised_fit_of_scikit_learn(twist: float) -> None:
    won, probability = calibrated(800, twist=twist)
    logit = np.log(probability / (1 - probability))[:, None]
    fit = LogisticRegression(C=1e12, tol=1e-10, max_iter=1_000).fit(logit, won)

    found = calibration_figures(won, probability)

    assert found["calibration_slope"].value == pytest.approx(fit.coef_[0, 0], rel=1e-4)
    assert found["calibration_intercept"].value == pytest.approx(fit.intercept_[0], rel=1e-4)
    assert found["calibration_slope_low"].value < 1 / twist < found["calibration_slope_high"].value


def test_slope_interval_holds_one_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(300):
        found = calibration_figures(*calibrated(200, seed=seed), np.arange(200) // 10)
        covered += found["calibration_slope_low"].value <= 1 <= found["calibration_slope_high"].value

    assert 0.91 <= covered / 300 <= 0.98


def test_calibration_error_is_the_weighted_gap_of_equal_bins() -> None:
    probability = np.array([0.1, 0.1, 0.2, 0.2, 0.8, 0.8, 0.9, 0.9])
    won = np.array([0, 0, 0, 1, 1, 1, 0, 1], dtype=float)

    found = calibration_figures(won, probability, n_bins=2)

    # Lower half: mean .15, rate .25; upper half: mean .85, rate .75.
    assert found["expected_calibration_error"].value == pytest.approx(0.10)


def test_null_of_the_calibration_error_is_exceeded_by_honest_probabilities_once_in_twenty() -> None:
    exceeded = 0
    for seed in range(200):
        found = calibration_figures(*calibrated(100, seed=seed))
        exceeded += found["expected_calibration_error"].value > found["expected_calibration_error_null_p95"].value

    assert 0.01 <= exceeded / 200 <= 0.10


def test_reliability_bins_are_equally_large_and_cover_every_signal() -> None:
    won, probability = calibrated(103)
    table = reliability_table(won, probability, 10)

    assert (table["n"].min(), table["n"].max(), table["n"].sum()) == (10, 11, 103)
    assert table["winners"].sum() == won.sum()
    assert table["lowest"].to_numpy()[1:] == pytest.approx(table["highest"].to_numpy()[:-1], abs=0.2)
    assert len(reliability_table(won[:3], probability[:3], 10)) == 3
    assert reliability_table(won[:0], probability[:0]).empty


def test_probabilities_of_zero_and_one_are_understood() -> None:
    found = calibration_figures(np.array([0.0, 1, 1, 0, 1, 0]), np.array([0.0, 1.0, 0.4, 0.6, 1.0, 1.0]))

    assert np.isfinite(found["calibration_slope"].value)


@pytest.mark.parametrize(("won", "probability", "name", "reason"), [
    ([np.nan], [0.5], "brier", "no scored known outcome"),
    ([1.0, 1.0], [0.5, 0.6], "brier_skill", "all known outcomes are alike"),
    ([1.0, 0.0], [0.5, 0.5], "calibration_slope", "probabilities or outcomes do not vary"),
    ([1.0, 0.0], [0.9, 0.1], "calibration_slope", "winners and losers are wholly separated"),
])
def test_missing_calibration_says_why(won, probability, name, reason) -> None:
    found = calibration_figures(np.array(won), np.array(probability))

    assert (found[name].value, found[name].note) == (None, reason)
