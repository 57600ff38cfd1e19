"""How well a selection of signals did, with its intervals and against all signals."""

from __future__ import annotations

import numpy as np

from backtrader_system.metrics.conviction.distributions import normal_quantile
from backtrader_system.metrics.conviction.proportions import Share, ratio_interval, score_interval
from backtrader_system.metrics.figure import Figure, missing

Figures = dict[str, Figure]

_NONE_SELECTED = "no signal was selected"
_NONE_RESOLVED = "no selected signal has a known outcome"


def selection_quality(
    won: np.ndarray,
    is_selected: np.ndarray,
    net_return: np.ndarray | None = None,
    confidence: float = 0.95,
    *,
    days_to_target: np.ndarray | None = None,
) -> Figures:
    """Return counts, rates and intervals of the selected signals, in the order of time in which the rows stand.

    won : 1.0, 0.0 or NaN (censored: outcome not yet known; in no rate, counted), shape (n_signals,), all signals,
        those never selected too. is_selected : bool. net_return : fraction of the entry's cost after all costs, NaN
        where no trade has closed; without it the figures of money are missing. days_to_target : calendar days from
        entry to target, NaN where the target was not reached.
    Intervals take signals as independent; those of the same weeks are not, so the truth is wider: `<rate>_low` and
    `_high` are Wilson's (1927), of the lift Koopman's (1984) on selected against not selected signals.
    A win is what the label says; a gain is net P&L above 0. The two differ, so both are given.

    Examples
    --------
    >>> figures = selection_quality(np.array([1.0, 0.0, np.nan, 0.0]), np.array([True, True, True, False]))
    >>> figures["win_rate"].value, figures["n_censored"].value, figures["lift"].value
    (0.5, 1, 1.5)
    """
    won, is_selected = np.asarray(won, dtype=float), np.asarray(is_selected, dtype=bool)
    is_resolved = ~np.isnan(won)
    chosen = won[is_selected & is_resolved]
    resolved = won[is_resolved]
    counts = {
        "n_signals": Figure(len(won)), "n_signals_resolved": Figure(len(resolved)),
        "n_signals_won": Figure(int(resolved.sum())), "n_selected": Figure(int(is_selected.sum())),
        "n_resolved": Figure(len(chosen)), "n_censored": Figure(int((is_selected & ~is_resolved).sum())),
        "winners": Figure(int(chosen.sum())),
    }
    reason = _NONE_RESOLVED if is_selected.any() else _NONE_SELECTED
    rates = (
        _rate("win_rate", chosen, confidence, reason) | _rate("precision", chosen, confidence, reason)
        | _rate("base_rate", resolved, confidence, "no signal has a known outcome")
        | _rate("recall", is_selected[is_resolved & (won == 1)].astype(float), confidence, "no signal won")
        | _lift(won[is_resolved], is_selected[is_resolved], confidence, reason)
    )
    return counts | rates | _money(net_return, won, is_selected, confidence) | _days(days_to_target, is_selected)


def longest_run(is_loss: np.ndarray) -> int:
    """Return the largest number of losses in a row.

    Examples
    --------
    >>> longest_run(np.array([True, False, True, True, False]))
    2
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_loss, [False]]).astype(np.int8)))
    return int(np.max(edges[1::2] - edges[::2], initial=0))


def _rate(name: str, outcomes: np.ndarray, confidence: float, reason: str) -> Figures:
    names = (name, f"{name}_low", f"{name}_high")
    if len(outcomes) == 0:
        return dict.fromkeys(names, missing(reason))
    ends = score_interval(float(outcomes.sum()), len(outcomes), normal_quantile(0.5 + confidence / 2))
    return {key: Figure(float(value)) for key, value in zip(names, (outcomes.mean(), *ends), strict=True)}


def _lift(won: np.ndarray, is_selected: np.ndarray, confidence: float, reason: str) -> Figures:
    """Return win rate of the selected over that of all; its interval from the ratio of selected to the rest.

    With a share f of the signals selected and r their win rate over that of the rest, lift = r / (f r + 1 - f), which
    rises with r: the ends of r give those of the lift. The selected are part of all, so the lift is at most 1 / f.
    """
    names = ("lift", "lift_low", "lift_high")
    n_selected, n_rest = int(is_selected.sum()), int((~is_selected).sum())
    if n_selected == 0 or won.sum() == 0:
        return dict.fromkeys(names, missing(reason if n_selected == 0 else "no signal won"))
    lift = Figure(float(won[is_selected].mean() / won.mean()))
    if n_rest == 0:
        everything = missing("every signal with a known outcome was selected")
        return dict(zip(names, (lift, everything, everything), strict=True))
    share = n_selected / len(won)
    ends = ratio_interval(Share(float(won[is_selected].sum()), n_selected),
                          Share(float(won[~is_selected].sum()), n_rest), confidence)
    low, high = (1 / (share + (1 - share) / ratio) if ratio > 0 else 0.0 for ratio in ends)
    return {"lift": lift, "lift_low": Figure(low), "lift_high": Figure(high)}


def _money(net_return: np.ndarray | None, won: np.ndarray, is_selected: np.ndarray, confidence: float) -> Figures:
    names = ("positive_share", "positive_share_low", "positive_share_high", "mean_net_return", "mean_win", "mean_loss")
    if net_return is None:
        lost = is_selected & ~np.isnan(won)
        run = Figure(longest_run(won[lost] == 0), "signals that did not win") if lost.any() else missing(_NONE_RESOLVED)
        return dict.fromkeys(names, missing("no trade was simulated")) | {"longest_losing_run": run}
    earned = np.asarray(net_return, dtype=float)[is_selected]
    earned = earned[~np.isnan(earned)]
    if len(earned) == 0:
        return dict.fromkeys((*names, "longest_losing_run"), missing("no selected signal has a closed trade"))
    return _rate("positive_share", (earned > 0).astype(float), confidence, "") | {
        "mean_net_return": Figure(float(earned.mean())),
        "mean_win": _mean(earned[earned > 0], "no trade gained"),
        "mean_loss": _mean(earned[earned < 0], "no trade lost"),
        "longest_losing_run": Figure(longest_run(earned < 0)),
    }


def _days(days_to_target: np.ndarray | None, is_selected: np.ndarray) -> Figures:
    if days_to_target is None:
        return {"days_to_target": missing("the days to the target were not measured")}
    days = np.asarray(days_to_target, dtype=float)[is_selected]
    return {"days_to_target": _mean(days[~np.isnan(days)], "no selected signal reached the target")}


def _mean(values: np.ndarray, reason: str) -> Figure:
    return Figure(float(values.mean())) if len(values) else missing(reason)
