"""All evidence for and against the score, from one row per option judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.metrics.figure import Figure, Scalar, flatten, missing
from backtrader_system.metrics.puts.conclusion import conclusion_sentences
from backtrader_system.metrics.puts.discrimination import auc_estimate, auc_within_expiry
from backtrader_system.metrics.puts.errors_by_cluster import (
    Estimate,
    Resampling,
    mean_estimate,
    resampling,
    share_estimate,
)
from backtrader_system.metrics.puts.hit_rates import break_even_rate, hit_rate_table, priced_share, tail_loss
from backtrader_system.metrics.puts.importance import factor_importance
from backtrader_system.metrics.puts.increment import increment_table
from backtrader_system.metrics.puts.logistic import logistic_fit
from backtrader_system.metrics.puts.permutation import shuffle_within
from backtrader_system.metrics.puts.regimes import regime_table
from backtrader_system.metrics.puts.reliability import brier, probabilities_of, reliability_table
from backtrader_system.metrics.puts.sample import EvidenceSample, evidence_sample
from backtrader_system.metrics.puts.selection import Portfolios, portfolios_against_random, top_against_bottom
from backtrader_system.metrics.puts.verdict import criteria_table, overall_verdict, verdict_beside_price

SENSITIVITY_COLUMNS = ("variant", "options", "hit_rate", "expectancy", "auc", "top_bottom_difference", "verdict")


@dataclass(frozen=True, slots=True, eq=False)
class PutEvidence:
    """Tables by name, flat figures (`<name>_note` says why one is None), and the conclusion in sentences.

    Examples
    --------
    >>> PutEvidence({}, {"auc": None, "auc_note": "outcomes are alike"}, []).figures["auc_note"]
    'outcomes are alike'
    """

    tables: dict[str, pd.DataFrame]
    figures: dict[str, Scalar]
    conclusion: list[str]


def put_evidence(
    rows: pd.DataFrame, *, confidence: float = 0.95, samples: int = 2_000, seed: int = 11, top_n: int = 20,
    random_portfolios: int = 1_000, weights: Mapping[str, float] | None = None
) -> PutEvidence:
    """Return the evidence on the score of puts.

    rows : one row per option, on the day it was judged (`sample.REQUIRED`); options without a known outcome or without
        a score are counted and left out. samples : bootstrap resamples and shuffles. top_n : options chosen at each
        expiry date. weights : of the factors, shown beside their importance.
    Timing: judges the past; uses outcomes, so nothing here may enter a decision.
    Returns: tables hit_rate_analysis, factor_importance, reliability, incremental, regime, random_portfolios, criteria;
        figures and definitions in docs/put_metrics.md. The same rows and seed give the same numbers in any row order.
    Raises: DataError on missing columns, options that occur twice and outcomes other than 0, 1 and NaN.
    """
    sample = evidence_sample(rows)
    rng = np.random.default_rng(seed)
    draws = resampling(rng, n_clusters=sample.n_clusters, n_samples=samples, confidence=confidence)
    portfolios = _portfolios(sample, draws, top_n, random_portfolios, rng)
    figures = (_counts(sample, draws) | _ranking(sample, draws) | _tests(sample, draws, samples, rng)
               | _slope(sample, confidence, seed) | _squared_errors(sample, draws) | _money(sample, draws)
               | _chosen(portfolios, sample) | _vanished(rows))
    tables = {
        "hit_rate_analysis": hit_rate_table(sample, draws),
        "factor_importance": factor_importance(
            sample, confidence=confidence, n_samples=samples, seed=seed, weights=weights),
        "reliability": reliability_table(sample, confidence),
        "incremental": increment_table(sample, confidence=confidence, n_samples=samples, seed=seed),
        "regime": regime_table(sample, confidence=confidence, n_samples=samples, seed=seed),
        "random_portfolios": portfolios.table,
    }
    alpha = 1 - confidence
    verdict, why = overall_verdict(figures, alpha)
    tables["criteria"] = criteria_table(
        figures, tables["factor_importance"], tables["incremental"], tables["regime"], alpha)
    verdict, why = verdict_beside_price(verdict, why, tables["criteria"])
    figures["verdict"] = Figure(verdict, why)
    return PutEvidence(tables, flatten(figures), conclusion_sentences(sample, figures, why, tables["criteria"]))


def sensitivity_table(variants: Mapping[str, pd.DataFrame], **arguments) -> pd.DataFrame:
    """Return one row per variant of the evidence rows, such as another fill or assignment rule.

    arguments : as of `put_evidence`. Columns `SENSITIVITY_COLUMNS`; hit_rate of all options, expectancy the mean P&L
    per contract, auc and top_bottom_difference as of the figures.
    """
    table = []
    for name, rows in variants.items():
        figures = headline_figures(rows, **arguments)
        table.append((name, *[figures[key] for key in ("n_options", "base_rate", "expectancy", "auc",
                                                        "top_bottom_difference", "verdict")]))
    return pd.DataFrame(table, columns=list(SENSITIVITY_COLUMNS))


def headline_figures(
    rows: pd.DataFrame, *, confidence: float = 0.95, samples: int = 2_000, seed: int = 11
) -> dict[str, Scalar]:
    """Return the figures on which the verdict on the ranking rests, and that verdict, without any table.

    Whether the score only repeats the price is not asked here.
    """
    sample = evidence_sample(rows)
    rng = np.random.default_rng(seed)
    draws = resampling(rng, n_clusters=sample.n_clusters, n_samples=samples, confidence=confidence)
    figures = (_counts(sample, draws) | _ranking(sample, draws) | _tests(sample, draws, samples, rng)
               | _money(sample, draws))
    figures["verdict"] = Figure(*overall_verdict(figures, 1 - confidence))
    return flatten(figures)


def _vanished(rows: pd.DataFrame) -> dict[str, Figure]:
    """Return how many sold puts have no outcome since their stock vanished, and the mean P&L settled at its last close.
    """
    if "pnl_at_last_close" not in rows:
        nothing = missing("the rows do not say what settling at the last close would bring")
        return {"n_vanished": Figure(0), "expectancy_at_last_close": nothing}
    marked = rows["pnl_at_last_close"]
    mean = Figure(float(marked.mean())) if marked.notna().any() else missing("no put was sold")
    return {"n_vanished": Figure(int((marked.notna() & rows["pnl"].isna()).sum())), "expectancy_at_last_close": mean}


def _portfolios(
    sample: EvidenceSample, draws: Resampling, top_n: int, n_portfolios: int, rng: np.random.Generator
) -> Portfolios:
    return portfolios_against_random(sample.score, sample, draws, top_n=top_n, n_portfolios=n_portfolios, rng=rng)


def _counts(sample: EvidenceSample, draws: Resampling) -> dict[str, Figure]:
    everything = np.ones(len(sample.worthless), dtype=bool)
    return {
        "n_options": Figure(len(sample.worthless)), "n_expiries": Figure(sample.n_strata),
        "n_clusters": Figure(sample.n_clusters), "n_underlyings": Figure(sample.n_underlyings),
        "n_unknown": Figure(sample.n_unknown), "n_unscored": Figure(sample.n_unscored),
        **_interval("base_rate", share_estimate(everything, sample, draws.confidence), sample),
    }


def _ranking(sample: EvidenceSample, draws: Resampling) -> dict[str, Figure]:
    auc, within = auc_estimate(sample.score, sample, draws), auc_within_expiry(sample.score, sample, draws)
    return {
        **_interval("auc", auc, sample), "auc_p": _figure(auc.p_value, sample),
        **_interval("auc_within_expiry", within, sample), "auc_within_expiry_p": _figure(within.p_value, sample),
    }


def _tests(
    sample: EvidenceSample, draws: Resampling, n_shuffles: int, rng: np.random.Generator
) -> dict[str, Figure]:
    fifths = top_against_bottom(sample.score, sample, draws)
    columns = np.column_stack([sample.score, fifths.contrast])
    shuffled = shuffle_within(sample.worthless, columns, sample, n_shuffles, rng)
    p_value = np.full(2, np.nan) if sample.why_no_error else shuffled.two_sided()
    halves = [_half(sample, is_in) for is_in in (sample.cluster < sample.n_clusters // 2,
                                                sample.cluster >= sample.n_clusters // 2)]
    return {
        "trend_z": _figure(shuffled.t[0], sample), "trend_p": _figure(p_value[0], sample),
        "trend_z_first_half": _figure(halves[0], sample), "trend_z_second_half": _figure(halves[1], sample),
        "top_hit_rate": _figure(fifths.top, sample), "bottom_hit_rate": _figure(fifths.bottom, sample),
        **_interval("top_bottom_difference", fifths.difference, sample),
        "top_bottom_difference_p": _figure(p_value[1], sample),
    }


def _half(sample: EvidenceSample, is_in: np.ndarray) -> float:
    part = sample.part(is_in)
    if len(part.worthless) == 0:
        return float("nan")
    none = np.random.default_rng(0)
    return float(shuffle_within(part.worthless, part.score[:, None], part, 1, none).t[0])


def _slope(sample: EvidenceSample, confidence: float, seed: int) -> dict[str, Figure]:
    fit = logistic_fit(sample.score[:, None], sample, confidence, seed=seed)
    if fit.why_not:
        return dict.fromkeys(("logit_slope", "logit_low", "logit_high", "logit_p", "mcfadden_r2"), missing(fit.why_not))
    ends = {f"logit_{name}": _figure(10 * value[0], sample)
            for name, value in (("slope", fit.coefficient), ("low", fit.low), ("high", fit.high))}
    return ends | {"logit_p": _figure(fit.p_value[0], sample), "mcfadden_r2": Figure(fit.mcfadden_r2)}


def _squared_errors(sample: EvidenceSample, draws: Resampling) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for method, prefix in (("score", ""), ("probability", "probability_"), ("market_probability", "market_")):
        chance = probabilities_of(sample)[method]
        found, known = brier(sample.worthless, chance), ~np.isnan(chance)
        why = f"no option has a {method.replace('_', ' ')}" if not known.any() else "all known outcomes are alike"
        figures[f"{prefix}brier"] = Figure(found.error) if found.error == found.error else missing(why)
        figures[f"{prefix}brier_skill"] = Figure(found.skill) if found.skill == found.skill else missing(why)
        if prefix:
            part = sample.part(known)
            own = resampling(np.random.default_rng(0), n_clusters=part.n_clusters, n_samples=len(draws.counts),
                             confidence=draws.confidence)
            auc = auc_estimate(chance[known], part, own) if known.any() else Estimate(float("nan"))
            figures |= _interval(f"{prefix}auc", auc, part) if known.any() else {f"{prefix}auc": missing(why)}
    return figures


def _money(sample: EvidenceSample, draws: Resampling) -> dict[str, Figure]:
    pnl = sample.rows["pnl"].to_numpy(float)
    expectancy = mean_estimate(pnl, np.ones(len(pnl)), sample, draws)
    n_priced, priced_hit_rate = priced_share(sample.worthless, pnl)
    figures = {"mean_premium": sample.rows["premium"].mean(), "mean_pnl": expectancy.value,
               "tail_loss": tail_loss(pnl), "priced_hit_rate": priced_hit_rate,
               "break_even_rate": break_even_rate(sample.worthless, pnl)}
    whys = {"break_even_rate": "no share breaks even: options of one outcome are absent, or both kinds earn or lose"}
    return {
        "n_priced": Figure(n_priced),
        **{name: Figure(float(value)) if value == value else missing(whys.get(name, "no option has a known P&L"))
           for name, value in figures.items()},
        **_interval("expectancy", expectancy, sample),
    }


def _chosen(portfolios: Portfolios, sample: EvidenceSample) -> dict[str, Figure]:
    if not len(portfolios.table):
        why = missing("no expiry date has two options or more with a known return, so nothing can be chosen")
        names = ("top_n_return", "top_n_return_low", "top_n_return_high", "top_n_hit_rate", "random_mean_return",
                 "random_rank", "random_p")
        return dict.fromkeys(names, why)
    return {
        **_interval("top_n_return", portfolios.mean_return, sample), "top_n_hit_rate": Figure(portfolios.hit_rate),
        "random_mean_return": Figure(float(portfolios.table["mean_return"].mean())),
        "random_rank": Figure(portfolios.beaten), "random_p": _figure(portfolios.p_value, sample),
    }


def _interval(name: str, estimate: Estimate, sample: EvidenceSample) -> dict[str, Figure]:
    return {name: _figure(estimate.value, sample), f"{name}_low": _figure(estimate.low, sample),
            f"{name}_high": _figure(estimate.high, sample)}


def _figure(value: float, sample: EvidenceSample) -> Figure:
    if np.isfinite(value):
        return Figure(float(value))
    return missing(_why(sample))


def _why(sample: EvidenceSample) -> str:
    if len(sample.worthless) == 0:
        return "no option has a score and a known outcome"
    if np.ptp(sample.worthless) == 0:
        kind = "worthless" if sample.worthless[0] else "in the money"
        return f"all {len(sample.worthless)} known outcomes are {kind}"
    if np.ptp(sample.score) == 0:
        return "all options have the same score"
    return sample.why_no_error or "within expiry dates scores or outcomes do not vary in enough months"
