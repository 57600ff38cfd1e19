"""What the options allow to be said of the score: one verdict, and the owner's criteria one by one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from backtrader_system.metrics.figure import Figure
from backtrader_system.metrics.puts.importance import NEGLIGIBLE_AUC

WORKS, NO_EVIDENCE, NOT_ENOUGH, WORSE = (
    "score works", "no evidence", "not enough evidence", "worse than chance")
REPEATS = "repeats the price"       # it ranks, and adds nothing to what the price of the option says
MET, NOT_MET = "met", "not met"
NEGLIGIBLE_GAIN = 0.01              # of AUC: nobody trades better for it
WORTHWHILE_DIFFERENCE = 0.15        # the owner's: top fifth minus bottom fifth, as a fraction
CRITERIA_COLUMNS = ("criterion", "required", "found", "verdict", "why")
Figures = Mapping[str, Figure]


def overall_verdict(figures: Figures, alpha: float) -> tuple[str, str]:
    """Return the verdict and one sentence why.

    "score works": within expiry dates the trend test and the difference of the fifths are both significant and both
    positive, the interval of the difference lies above 0, and the trend is positive in the earlier and in the later
    half of the months. "worse than chance": the same below 0. "no evidence": neither is significant, and the interval
    of the difference lies below 15 points, so that a useful score would have shown. Else "not enough evidence".
    Two tests that must both agree need no correction for two (Berger 1982).
    """
    trend, difference = _value(figures, "trend_p"), _value(figures, "top_bottom_difference")
    p_value, low = _value(figures, "top_bottom_difference_p"), _value(figures, "top_bottom_difference_low")
    high = _value(figures, "top_bottom_difference_high")
    if trend is None or p_value is None or difference is None:
        note = figures["trend_p"].note or figures["top_bottom_difference"].note
        return NOT_ENOUGH, f"No test is possible: {note}."
    halves = [_value(figures, name) for name in ("trend_z_first_half", "trend_z_second_half")]
    sign = np.sign(difference)
    agrees = sign != 0 and all(half is not None and np.sign(half) == sign for half in halves)
    both = trend < alpha and p_value < alpha and np.sign(_value(figures, "trend_z") or 0) == sign
    beyond = low is not None and high is not None and (low > 0 if sign > 0 else high < 0)
    if both and agrees and beyond:
        way = "more" if sign > 0 else "less"
        return (WORKS if sign > 0 else WORSE), (
            f"Within an expiry date options with higher scores expire worthless {way} often, by the trend test (p "
            f"{p_text(trend)}) and from the bottom to the top fifth ({100 * difference:+.1f} points, p "
            f"{p_text(p_value)}), in the earlier and in the later half of the months.")
    if trend >= alpha and p_value >= alpha and high is not None and high < WORTHWHILE_DIFFERENCE:
        return NO_EVIDENCE, (
            f"Neither the trend test (p {p_text(trend)}) nor the top against the bottom fifth (p {p_text(p_value)}) "
            f"finds anything, and a difference of {100 * WORTHWHILE_DIFFERENCE:.0f} points would have shown.")
    return NOT_ENOUGH, (
        f"The trend test (p {p_text(trend)}), the top against the bottom fifth ({100 * difference:+.1f} points, p "
        f"{p_text(p_value)}) and the two halves of the months do not agree on an effect, nor do they rule out one of "
        f"{100 * WORTHWHILE_DIFFERENCE:.0f} points.")


def verdict_beside_price(verdict: str, why: str, criteria: pd.DataFrame) -> tuple[str, str]:
    """Return the verdict once the price has been heard: a score that works and surely adds nothing only repeats it."""
    beside = criteria.iloc[-1]
    if verdict != WORKS or beside["verdict"] != NOT_MET:
        return verdict, why
    return REPEATS, f"{why} But the option's price says as much: {beside['found']}, and {beside['why']}."


def criteria_table(
    figures: Figures, factors: pd.DataFrame, increment: pd.DataFrame, regimes: pd.DataFrame, alpha: float
) -> pd.DataFrame:
    """Return the owner's success criteria; columns `CRITERIA_COLUMNS`, verdict met, not met or not enough evidence.

    The criteria on weights are the weight search's. The last row is not the owner's: does the score add to the price?
    """
    rows = [_association(figures, alpha), _discrimination(figures, alpha), _each_factor(factors, alpha),
            _fifths(figures), _portfolios(figures, alpha), _risk_adjusted(figures), _which_factors(factors),
            _when(regimes), _beyond_market(increment, alpha)]
    return pd.DataFrame(rows, columns=list(CRITERIA_COLUMNS))


def p_text(value: float) -> str:
    """Return "= 0.03", or "< 0.001"."""
    return "< 0.001" if value < 0.001 else f"= {value:.3f}" if value < 0.1 else f"= {value:.2f}"


def _association(figures: Figures, alpha: float) -> tuple:
    name, required = "High scores go with worthless expiry", f"trend within expiry dates, p < {alpha:.2f}"
    p_value, z = _value(figures, "trend_p"), _value(figures, "trend_z")
    if p_value is None:
        return name, required, "no test", NOT_ENOUGH, figures["trend_p"].note
    found = f"p {p_text(p_value)}, worthless more often at {'higher' if z > 0 else 'lower'} scores"
    if p_value < alpha:
        return name, required, found, MET if z > 0 else NOT_MET, ""
    high = _value(figures, "auc_within_expiry_high")
    if high is not None and high < NEGLIGIBLE_AUC:
        return name, required, found, NOT_MET, f"the AUC within expiry dates is surely below {NEGLIGIBLE_AUC}"
    return name, required, found, NOT_ENOUGH, "a useful score cannot be ruled out either"


def _discrimination(figures: Figures, alpha: float) -> tuple:
    name = "Score discrimination is statistically significant"
    required = f"logistic slope p < {alpha:.2f}, positive; AUC interval above 0.5"
    p_value, slope, low = (_value(figures, key) for key in ("logit_p", "logit_slope", "auc_low"))
    high, auc = _value(figures, "auc_high"), _value(figures, "auc")
    if p_value is None or low is None or high is None:
        return name, required, _number("AUC", auc), NOT_ENOUGH, figures["logit_p"].note or figures["auc_low"].note
    found = f"slope {slope:+.3f} per 10 points (p {p_text(p_value)}), AUC {auc:.3f} ({low:.3f} to {high:.3f})"
    if p_value < alpha and slope > 0 and low > 0.5:
        return name, required, found, MET, ""
    if high < NEGLIGIBLE_AUC or (p_value < alpha and slope < 0):
        return name, required, found, NOT_MET, "the interval excludes a useful score"
    return name, required, found, NOT_ENOUGH, "the slope and the AUC do not both show it"


def _each_factor(factors: pd.DataFrame, alpha: float) -> tuple:
    name = "Each factor independently predicts outcomes"
    required = f"all six, beside the others, p < {alpha:.2f} after Holm"
    tested = factors["multivariate_p_holm"].notna()
    good = tested & (factors["multivariate_p_holm"] < alpha) & (factors["multivariate_coefficient"] > 0)
    found = f"{int(good.sum())} of {len(factors)}; {int(tested.sum())} could be tested together"
    if good.all():
        return name, required, found, MET, ""
    wrong = tested & (factors["multivariate_p_holm"] < alpha) & (factors["multivariate_coefficient"] < 0)
    refuted = wrong | (factors["predictive"] == "no")
    if refuted.any():
        return name, required, found, NOT_MET, f"not by {', '.join(factors.loc[refuted, 'factor'])}"
    return name, required, found, NOT_ENOUGH, "the others are not shown, nor ruled out"


def _fifths(figures: Figures) -> tuple:
    name = "Top 20 % beats bottom 20 % by more than 15 points"
    required = "worthless share, within expiry dates, interval above 15 points"
    value, low, high = (_value(figures, f"top_bottom_difference{end}") for end in ("", "_low", "_high"))
    if value is None:
        return name, required, "no difference", NOT_ENOUGH, figures["top_bottom_difference"].note
    found = f"{100 * value:+.1f} points"
    if low is None or high is None:
        return name, required, found, NOT_ENOUGH, figures["top_bottom_difference_low"].note
    found += f" ({100 * low:+.1f} to {100 * high:+.1f})"
    if low > WORTHWHILE_DIFFERENCE:
        return name, required, found, MET, ""
    if high < WORTHWHILE_DIFFERENCE:
        return name, required, found, NOT_MET, "the interval lies below 15 points"
    return name, required, found, NOT_ENOUGH, "the interval holds 15 points"


def _portfolios(figures: Figures, alpha: float) -> tuple:
    name, required = "Top-scored portfolios outperform random selection", f"mean return on capital, p < {alpha:.2f}"
    p_value, rank = _value(figures, "random_p"), _value(figures, "random_rank")
    found = "no portfolio" if rank is None else f"better than {rank:.0%} of random choices"
    if p_value is None:
        return name, required, found, NOT_ENOUGH, figures["random_p"].note
    found += f" (p {p_text(p_value)})"
    if p_value < alpha:
        return name, required, found, MET, ""
    if p_value > 0.5:
        return name, required, found, NOT_MET, "random choices did at least as well"
    return name, required, found, NOT_ENOUGH, "the advantage may be luck"


def _risk_adjusted(figures: Figures) -> tuple:
    name, required = "Risk-adjusted returns are positive", "mean return on capital of the top options, interval above 0"
    vanished, marked = _value(figures, "n_vanished") or 0, _value(figures, "expectancy_at_last_close")
    value, low, high = (_value(figures, f"top_n_return{end}") for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return name, required, _number("mean return", value), NOT_ENOUGH, figures["top_n_return_low"].note
    found = f"{100 * value:+.2f} % per option ({100 * low:+.2f} to {100 * high:+.2f})"
    if high < 0:
        return name, required, found, NOT_MET, "the interval lies below 0"
    if low <= 0:
        return name, required, found, NOT_ENOUGH, "the interval holds 0"
    if vanished and marked is not None and marked <= 0:
        return name, required, found, NOT_ENOUGH, (
            f"with the {vanished:,} puts on vanished stocks settled at the last close a sale brought {marked:,.2f}")
    return name, required, found, MET, ""


def _which_factors(factors: pd.DataFrame) -> tuple:
    good = factors.loc[factors["predictive"] == "yes", "factor"].tolist()
    name, required = "Which factors matter is known", "at least one predicts, p < 0.05 after Holm"
    if good:
        return name, required, ", ".join(good), MET, ""
    if (factors["predictive"] == "no").all():
        return name, required, "none", NOT_MET, "each is surely close to chance, or points the wrong way"
    return name, required, "none shown", NOT_ENOUGH, "no factor is shown to predict, and not all are ruled out"


def _when(regimes: pd.DataFrame) -> tuple:
    name, required = "When scoring works is known", "an AUC interval above 0.5 in one market regime or more"
    known = regimes[regimes["auc_low"].notna()]
    found = "; ".join(f"{row['regime']}: AUC {row['auc']:.2f} ({row['auc_low']:.2f} to {row['auc_high']:.2f})"
                      for _, row in known.iterrows())
    if known.empty:
        return name, required, "none", NOT_ENOUGH, "too few months of expiry in the regimes"
    working = known.loc[known["auc_low"] > 0.5, "regime"].tolist()
    if not working:
        return name, required, found, NOT_ENOUGH, "in no regime does the interval lie above 0.5"
    differ = "; regimes whose intervals overlap are not shown to differ" if len(known) > 1 else ""
    return name, required, found, MET, f"above 0.5: {'; '.join(working)}{differ}"


def _beyond_market(increment: pd.DataFrame, alpha: float) -> tuple:
    name = "The score adds to the market's own probability"
    required = f"slope beside it positive, p < {alpha:.2f}, and {NEGLIGIBLE_GAIN} of AUC out of sample"
    row = increment[increment["model"] == "market + score"].iloc[0]
    if np.isnan(row["p_value"]):
        return name, required, "no test", NOT_ENOUGH, row["note"] or "the regression has no maximum"
    found = (f"{row['score_coefficient']:+.3f} per 10 points (p {p_text(row['p_value'])}), AUC "
             f"{row['auc_difference']:+.3f} out of sample")
    if row["auc_difference_high"] < NEGLIGIBLE_GAIN:
        return name, required, found, NOT_MET, f"a gain of {NEGLIGIBLE_GAIN} in AUC is ruled out"
    if row["p_value"] < alpha and row["score_coefficient"] < 0:
        return name, required, found, NOT_MET, "it points the wrong way"
    if row["p_value"] < alpha and row["auc_difference"] >= NEGLIGIBLE_GAIN:
        return name, required, found, MET, ""
    return name, required, found, NOT_ENOUGH, "slope and AUC do not both show it, nor rule it out"


def _value(figures: Figures, name: str) -> float | None:
    value = figures[name].value
    return None if value is None or value != value else value


def _number(name: str, value: float | None) -> str:
    return f"no {name}" if value is None else f"{name} {value:.3f}"
