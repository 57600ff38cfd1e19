"""What the intervals say, in words."""

from __future__ import annotations

Interval = tuple[float, float]

_ONE_RUN = "This judges one run; the best of several tried settings looks better than it is."


def verdict(
    sharpe: Interval | None,
    excess: Interval | None,
    *,
    n_sessions: int,
    confidence: float,
    reason: str | None,
    has_baseline: bool,
) -> str:
    """Return sentences that claim no more than the intervals hold.

    sharpe : interval of the annualised Sharpe ratio. excess : interval of the yearly mean return above the
        baseline, a fraction. None where it was not computed; `reason` then says why.

    Examples
    --------
    >>> verdict((-0.4, 1.9), None, n_sessions=252, confidence=0.95, reason=None, has_baseline=False)[:20]
    'Not enough evidence:'
    """
    if sharpe is None:
        return f"Not enough evidence: no interval could be computed ({reason or 'returns do not vary'})."
    alone = _side(sharpe)
    against = _side(excess) if excess else 0
    head = _head(alone, against if has_baseline else alone)
    interval = f"with {confidence:.0%} confidence over {n_sessions} sessions, the Sharpe ratio lies between " \
               f"{sharpe[0]:.2f} and {sharpe[1]:.2f} ({_zero(alone)})"
    parts = [f"{head}: {interval}"]
    if excess:
        parts.append(f"and the yearly mean return minus that of the baseline between {excess[0]:+.1%} and "
                     f"{excess[1]:+.1%} ({_zero(against)})")
    elif not has_baseline:
        parts.append("and there is no baseline to compare with")
    return f"{', '.join(parts)}. {_ONE_RUN}"


def _side(interval: Interval) -> int:
    return 1 if interval[0] > 0 else -1 if interval[1] < 0 else 0


def _zero(side: int) -> str:
    return {1: "above zero", -1: "below zero", 0: "zero is inside"}[side]


def _head(alone: int, against: int) -> str:
    if alone < 0:
        return "Evidence of a loss against the risk-free rate"
    if against < 0:
        return "Evidence that the strategy does worse than the baseline"
    if alone > 0 and against > 0:
        return "Evidence of a gain, within this sample"
    if alone > 0:
        return "Not enough evidence that the strategy beats the baseline"
    if against > 0:
        return "Not enough evidence of a gain, although the strategy does better than the baseline"
    return "Not enough evidence"
