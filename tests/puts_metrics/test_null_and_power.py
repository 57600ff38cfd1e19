"""A useless score is not found, whatever its options share; a useful one is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from backtrader_system.metrics.puts.discrimination import auc_estimate, auc_within_expiry
from backtrader_system.metrics.puts.errors_by_cluster import mean_estimate, resampling, share_estimate
from backtrader_system.metrics.puts.evidence import headline_figures, put_evidence
from backtrader_system.metrics.puts.logistic import logistic_fit
from backtrader_system.metrics.puts.permutation import shuffle_within
from backtrader_system.metrics.puts.sample import evidence_sample
from backtrader_system.metrics.puts.selection import portfolios_against_random, top_against_bottom
from backtrader_system.metrics.puts.simulated import simulated_rows

# Scores and outcomes that share stock and month; scores of single options; one underlying, as the 50 ETF.
WORLDS = {
    "clumped": {"n_expiries": 24, "n_underlyings": 20, "n_strikes": 5},
    "few_months": {"n_expiries": 12, "n_underlyings": 15, "n_strikes": 5},
    "independent": {"n_expiries": 24, "n_underlyings": 20, "n_strikes": 3, "is_clumped": False},
    "one_underlying": {"n_expiries": 58, "n_underlyings": 1, "n_strikes": 17, "is_clumped": False, "lasting": 0.0},
}
FAMILIES = ("trend_p", "logit_p", "top_bottom_difference_p", "random_p", "auc_p", "auc_within_expiry_p")
_CRITICAL = 0.001       # of the Kolmogorov-Smirnov test; a p-value twice as often below 0.05 as it should is far beyond


def test_p_values_of_a_useless_score_are_uniform() -> None:
    found = pd.DataFrame([_p_values(seed, WORLDS["clumped"]) for seed in range(60)])

    for family in FAMILIES:
        assert kstest(found[family], "uniform").pvalue > _CRITICAL, family
        assert (found[family] < 0.05).mean() <= 0.15, family      # binomial(60, 0.05): above 0.15 once in 1,400


@pytest.mark.nightly
@pytest.mark.parametrize("world", WORLDS)
def test_p_values_of_the_whole_evidence_are_uniform_over_200_seeds(world: str) -> None:
    found = pd.DataFrame([
        put_evidence(simulated_rows(seed, **WORLDS[world]), samples=499, random_portfolios=499, top_n=10,
                     seed=seed).figures for seed in range(200)])

    for family in FAMILIES:
        p_value = found[family].astype(float).dropna()
        assert len(p_value) >= 190, family                          # a resample too thin for an interval is no test
        assert kstest(p_value, "uniform").pvalue > _CRITICAL, family
        assert (p_value < 0.05).mean() <= 0.10, family              # binomial(200, 0.05): above 0.10 once in 700
    assert (found["verdict"] == "score works").mean() <= 0.05
    assert (found["verdict"] == "worse than chance").mean() <= 0.05


def test_shuffles_of_single_options_would_find_what_is_not_there() -> None:
    found = []
    for seed in range(60):
        sample = evidence_sample(simulated_rows(seed, **WORLDS["clumped"]))
        made = shuffle_within(sample.worthless, sample.score[:, None], sample, 199, np.random.default_rng(seed))
        found.append((1 + np.sum(np.abs(made.shuffled_total) >= abs(made.total[0]))) / 200)

    assert np.mean(np.array(found) < 0.05) > 0.12       # without the errors of each shuffle: options of a stock repeat


def test_a_useful_score_is_found() -> None:
    verdicts = [headline_figures(simulated_rows(seed, n_expiries=36, n_underlyings=20, skill=8.0),
                                 samples=299)["verdict"] for seed in range(15)]

    assert verdicts.count("score works") >= 14          # power about 98 %


def test_a_score_upside_down_is_worse_than_chance() -> None:
    verdicts = [headline_figures(simulated_rows(seed, n_expiries=36, n_underlyings=20, skill=-8.0),
                                 samples=299)["verdict"] for seed in range(8)]

    assert verdicts.count("worse than chance") >= 7


def test_intervals_cover_the_truth() -> None:
    covered = pd.DataFrame([_covered(seed, WORLDS["clumped"]) for seed in range(100)]).mean()

    assert (covered >= 0.87).all(), covered             # binomial(100, 0.95): below 0.87 once in 1,000
    assert (covered[["auc", "logit", "difference"]] <= 1).all()


@pytest.mark.nightly
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_cover_the_truth_over_400_seeds(world: str) -> None:
    covered = pd.DataFrame([_covered(seed, WORLDS[world]) for seed in range(400)]).mean()

    assert covered.between(0.91, 0.995).all(), covered


@pytest.mark.nightly
def test_intervals_of_a_useful_score_cover_the_mean_over_many_samples() -> None:
    found = pd.DataFrame([
        headline_figures(simulated_rows(seed, n_expiries=36, n_underlyings=20, skill=6.0), samples=499)
        for seed in range(400)])

    for name in ("auc", "auc_within_expiry", "top_bottom_difference"):
        truth = found[name].mean()
        covers = (found[f"{name}_low"] <= truth) & (truth <= found[f"{name}_high"])
        assert 0.92 <= covers.mean() <= 0.98, name


def _p_values(seed: int, world: dict) -> dict[str, float]:
    sample = evidence_sample(simulated_rows(seed, **world))
    rng = np.random.default_rng(seed + 100_000)
    draws = resampling(rng, n_clusters=sample.n_clusters, n_samples=299)
    contrast = top_against_bottom(sample.score, sample, draws).contrast
    shuffled = shuffle_within(sample.worthless, np.column_stack([sample.score, contrast]), sample, 299, rng)
    portfolios = portfolios_against_random(sample.score, sample, draws, top_n=10, n_portfolios=299, rng=rng)
    found = (shuffled.two_sided()[0], logistic_fit(sample.score[:, None], sample, 0.95, n_flips=299).p_value[0],
             shuffled.two_sided()[1], portfolios.p_value, auc_estimate(sample.score, sample, draws).p_value,
             auc_within_expiry(sample.score, sample, draws).p_value)
    return dict(zip(FAMILIES, found, strict=True))


def _covered(seed: int, world: dict) -> dict[str, bool]:
    """Return which intervals hold the truth: no association, fair premiums, and the chances of the market."""
    sample = evidence_sample(simulated_rows(seed, **world))
    draws = resampling(np.random.default_rng(seed), n_clusters=sample.n_clusters, n_samples=499)
    everything = np.ones(len(sample.score), dtype=bool)
    logit = logistic_fit(sample.score[:, None], sample, 0.95, n_flips=1)
    pairs = {
        "auc": (auc_estimate(sample.score, sample, draws), 0.5),
        "within": (auc_within_expiry(sample.score, sample, draws), 0.5),
        "difference": (top_against_bottom(sample.score, sample, draws).difference, 0.0),
        "expectancy": (mean_estimate(sample.rows["pnl"].to_numpy(), everything.astype(float), sample, draws), 0.0),
        "base_rate": (share_estimate(everything, sample, 0.95), sample.rows["market_probability"].mean()),
    }
    found = {name: bool(not estimate.low > truth and not estimate.high < truth)
             for name, (estimate, truth) in pairs.items()}
    return found | {"logit": bool(not logit.low[0] > 0 and not logit.high[0] < 0)}
