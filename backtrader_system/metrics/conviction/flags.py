"""The red and the green flags of a conviction backtest, each only where the sample can tell."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from backtrader_system.metrics.conviction.distributions import normal_quantile
from backtrader_system.metrics.conviction.proportions import score_interval

RAISED, CLEAR, NOT_ENOUGH, NOT_COMPUTED = "raised", "clear", "not enough evidence", "not computed"
RED, GREEN = "red", "green"
LOW_WIN_RATE, HIGH_WIN_RATE = 0.55, 0.70
DEEP_DRAWDOWN, SHALLOW_DRAWDOWN = 0.25, 0.15
GOOD_SHARPE, GOOD_PROFIT_FACTOR = 1.5, 2.0
OUTSIZE_SHARE = 0.5           # of the gross profit in one trade
BUNCHED_SHARE = 0.6           # of the scores at 5 and 6
NARROW_SPREAD = 1.0           # standard deviation of scores 1-10; even scores would have 2.9
MIN_SCORES = 20
MIN_TRADES = 10               # fewer have no bootstrap worth the name
_BOOTSTRAP_SAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with its interval and the number of observations; None where not computed.

    Examples
    --------
    >>> Estimate.of_share(6, 9, 0.95).low < 0.4
    True
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0

    @staticmethod
    def of_share(winners: int, n: int, confidence: float) -> Estimate:
        """Return a share with its Wilson interval."""
        if n == 0:
            return Estimate(None)
        return Estimate(winners / n, *score_interval(winners, n, normal_quantile(0.5 + confidence / 2)), n)


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag: what was measured, its limit and whether the sample shows that it is passed.

    kind : red | green. state : raised | clear | not enough evidence (the interval spans the limit) | not computed.

    Examples
    --------
    >>> win_rate_flag(Estimate.of_share(6, 9, 0.95)).state
    'not enough evidence'
    """

    kind: str
    name: str
    state: str
    value: float | None
    low: float | None
    high: float | None
    limit: float
    n: int
    text: str


def conviction_flags(
    *,
    win_rate: Estimate,
    top_band: Estimate,
    sharpe: Estimate,
    max_drawdown: Estimate,
    net_pnl: np.ndarray,
    score: np.ndarray,
    confidence: float = 0.95,
    seed: int = 42,
) -> list[Flag]:
    """Return the four red and the four green flags, raised or not.

    win_rate : of the selected signals. top_band : win rate of scores 9 and 10. sharpe : annualised. max_drawdown :
    fraction >= 0, of the account; one path has no interval. net_pnl : dollars of closed trades, any order. score : 1-10
    of all scored signals.
    """
    net_pnl = np.asarray(net_pnl, dtype=float)
    return [
        win_rate_flag(win_rate),
        outsize_flag(net_pnl),
        _flag(RED, "deep drawdown", max_drawdown, DEEP_DRAWDOWN, above=True, show="{:.1%}", unit="sessions"),
        bunched_flag(np.asarray(score, dtype=float)),
        _flag(GREEN, "top scores win", top_band, HIGH_WIN_RATE, above=True, show="{:.1%}", unit="signals"),
        _flag(GREEN, "shallow drawdown", max_drawdown, SHALLOW_DRAWDOWN, above=False, show="{:.1%}", unit="sessions"),
        _flag(GREEN, "good Sharpe ratio", sharpe, GOOD_SHARPE, above=True, show="{:.2f}", unit="sessions"),
        _flag(GREEN, "good profit factor", profit_factor_estimate(net_pnl, confidence, seed), GOOD_PROFIT_FACTOR,
              above=True, show="{:.2f}", unit="trades"),
    ]


def win_rate_flag(win_rate: Estimate) -> Flag:
    """Return the red flag of a win rate below 55 %."""
    return _flag(RED, "low win rate", win_rate, LOW_WIN_RATE, above=False, show="{:.1%}", unit="signals")


def outsize_flag(net_pnl: np.ndarray) -> Flag:
    """Return the red flag of one trade that hides the others.

    Raised if the rest loses although the whole gains, or if the best trade has more than half of the gross profit.
    The value is that share. Below ten trades a large share says little: not enough evidence.
    """
    name, n = "one trade hides the rest", len(net_pnl)
    profit = float(net_pnl[net_pnl > 0].sum())
    if profit <= 0:
        text = f"{name}: no trade gained ({n} trades)."
        return Flag(RED, name, NOT_COMPUTED, None, None, None, OUTSIZE_SHARE, n, text)
    best = float(net_pnl.max())
    share, rest = best / profit, float(net_pnl.sum()) - best
    hides = rest < 0 < rest + best
    is_raised = hides or share > OUTSIZE_SHARE
    state = CLEAR if not is_raised else NOT_ENOUGH if n < MIN_TRADES else RAISED
    text = (f"{name}: the best of {n} trades made {best:,.0f} dollars, {share:.0%} of the gross profit (limit "
            f"{OUTSIZE_SHARE:.0%}); all others together {rest:+,.0f} dollars")
    return Flag(RED, name, state, share, None, None, OUTSIZE_SHARE, n, _with_state(text, state))


def bunched_flag(score: np.ndarray) -> Flag:
    """Return the red flag of scores that do not tell signals apart: at 5-6, or hardly spread at all."""
    known = score[~np.isnan(score)]
    n, name = len(known), "bunched scores"
    if n == 0:
        return Flag(RED, name, NOT_COMPUTED, None, None, None, BUNCHED_SHARE, 0, f"{name}: no signal was scored.")
    share, spread = float(np.isin(known, (5, 6)).mean()), float(known.std())
    is_raised = share > BUNCHED_SHARE or spread < NARROW_SPREAD
    state = NOT_ENOUGH if n < MIN_SCORES else RAISED if is_raised else CLEAR
    text = (f"{name}: {share:.0%} of {n} scores are 5 or 6 (limit {BUNCHED_SHARE:.0%}), their standard deviation is "
            f"{spread:.2f} (limit {NARROW_SPREAD:.2f})")
    return Flag(RED, name, state, share, None, None, BUNCHED_SHARE, n, _with_state(text, state))


def profit_factor_estimate(net_pnl: np.ndarray, confidence: float, seed: int) -> Estimate:
    """Return gross profit over gross loss with a percentile bootstrap of trades, taken as independent.

    A sample without a loss has no finite factor; such resamples count as infinite. None without a losing trade.

    Examples
    --------
    >>> profit_factor_estimate(np.array([30.0, 20.0, -25.0]), 0.95, 1).value
    2.0
    """
    loss = -net_pnl[net_pnl < 0].sum()
    if loss <= 0:
        return Estimate(None, n=len(net_pnl))
    value = float(net_pnl[net_pnl > 0].sum() / loss)
    if len(net_pnl) < MIN_TRADES:
        return Estimate(value, 0.0, float("inf"), len(net_pnl))
    rng, n = np.random.default_rng(seed), len(net_pnl)
    ratios = []
    for _ in range(_BOOTSTRAP_SAMPLES):
        drawn = net_pnl[rng.integers(0, n, n)]
        lost = -drawn[drawn < 0].sum()
        ratios.append(drawn[drawn > 0].sum() / lost if lost > 0 else np.inf)
    # The nearest sample, not between two: half of a finite and an infinite factor is no number.
    low, high = np.quantile(ratios, [0.5 - confidence / 2, 0.5 + confidence / 2], method="nearest")
    return Estimate(value, float(low), float(high), n)


def _flag(kind: str, name: str, measured: Estimate, limit: float, *, above: bool, show: str, unit: str) -> Flag:
    """Return a flag that is raised where the measured value is wholly above, or below, the limit."""
    value, low, high = (None if end is None or math.isnan(end) else end
                        for end in (measured.value, measured.low, measured.high))
    if value is None:
        text = f"{name}: not computed ({measured.n} {unit})."
        return Flag(kind, name, NOT_COMPUTED, None, None, None, limit, measured.n, text)
    has_interval = low is not None and high is not None
    lower, upper = (low, high) if has_interval else (value, value)
    if has_interval and lower <= limit <= upper:
        state = NOT_ENOUGH
    else:
        state = RAISED if (lower > limit if above else upper < limit) else CLEAR
    until = show.format(upper) if math.isfinite(upper) else "no upper end"
    interval = f"interval {show.format(lower)} to {until}" if has_interval else "one path without an interval"
    text = (f"{name}: {show.format(value)} (flag {'above' if above else 'below'} {show.format(limit)}, {interval}, "
            f"n = {measured.n} {unit})")
    return Flag(kind, name, state, value, low, high if math.isfinite(upper) else None, limit, measured.n,
                _with_state(text, state))


def _with_state(text: str, state: str) -> str:
    return f"{text}: {'not raised' if state == CLEAR else state}."
