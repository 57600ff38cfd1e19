"""Whether the weights should be changed, in one word and one sentence."""

from __future__ import annotations

import numpy as np

from backtrader_system.puts.weights.areas import MIN_CLUSTERS, Difference
from backtrader_system.puts.weights.deflation import SearchNull
from backtrader_system.puts.weights.paid import NOTHING_PAID, PaidDifference

CHANGE, KEEP, NOT_ENOUGH = "change", "keep", "not_enough_evidence"
# The best of so many vectors must stand out from the best of useless factors before anything else is asked.
HIGHEST_P_VALUE = 0.05


def recommendation(n_train_expiries: int, null: SearchNull, validation_gain: float, test: Difference,
                   min_improvement: float, paid: PaidDifference = NOTHING_PAID) -> tuple[str, str]:
    """Return "change", "keep" or "not_enough_evidence" and one plain sentence.

    n_train_expiries : expiry dates the weights were chosen on. validation_gain, test : area of the best weights of the
    train part less that of the current ones. Changing takes all of: a best that useless factors do not reach, a gain
    on the validation part, a gain of at least `min_improvement` on the test part, and an interval above zero;
    and the puts that they put on top of the test dates must not surely have paid less (`paid`).
    """
    few = min(n_train_expiries, test.n_clusters)
    if few < MIN_CLUSTERS:
        return NOT_ENOUGH, (f"Not enough evidence: {n_train_expiries} expiry dates to choose the weights and "
                            f"{test.n_clusters} to test them; {MIN_CLUSTERS} of each are needed.")
    if not (np.isfinite(null.p_value) and np.isfinite(validation_gain) and np.isfinite(test.low)):
        return NOT_ENOUGH, ("Not enough evidence: in one part of the time all options ended the same way, so no order "
                            "of them can be judged.")
    if null.p_value > HIGHEST_P_VALUE:
        return KEEP, (f"Keep the weights: the best of the search reached an AUC of {null.best:.3f} on the train part, "
                      f"and factors that say nothing reach {null.null_best:.3f} (p = {null.p_value:.2f}).")
    if validation_gain <= 0:
        return KEEP, (f"Keep the weights: the best of the train part did {-validation_gain:.3f} of AUC worse than the "
                      "current ones on the validation part.")
    gained = f"{test.value:+.3f} of AUC ({test.low:+.3f} to {test.high:+.3f}, {test.n_clusters} expiry dates)"
    if test.value < min_improvement:
        return KEEP, f"Keep the weights: the best of the search changed the test part by {gained}, too little to act."
    if test.low <= 0:
        return NOT_ENOUGH, f"Not enough evidence: the best of the search changed the test part by {gained}."
    both = f"{paid.best:+.2%} of capital each against {paid.current:+.2%}"
    if paid.is_surely_less:
        return KEEP, ("Keep the weights: the best of the search tells better which puts expire worthless, "
                      f"{gained} on the test part, but its top puts paid less there, {both} (difference "
                      f"{paid.low:+.2%} to {paid.high:+.2%}).")
    told = "" if np.isnan(paid.best) else (
        f" Its top puts paid {both} by the current weights, a difference that chance explains."
        if paid.low <= 0 else f" Its top puts paid more, too: {both}.")
    return CHANGE, f"Change the weights: the best of the search improved the test part by {gained}.{told}"
