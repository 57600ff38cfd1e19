"""From margins to probabilities: the logistic curve, Platt's sigmoid, or isotonic steps.

A calibrator learns from out-of-fold margins only. Whether it helps is asked without letting it see the answer: for each
fold a calibrator is fitted on the folds before it, whose labels had ended, and its Brier score compared with the raw
one's on that fold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from backtrader_system.models.conviction.training_rows import ended_before

Method = Literal["none", "sigmoid", "isotonic"]
ISOTONIC_FROM = 1_000       # samples; with fewer, isotonic steps fit noise (scikit-learn says far more than 1,000)
_MIN_PER_CLASS = 5          # below it a curve is one lucky winner
_MIN_SLOPE = 0.01           # a sigmoid never turns the ranking round, and never makes all signals equal
_TIE_SHARE = 1e-6           # of the raw probability in an isotonic one: equal steps keep the order of the raw


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A monotone curve from margin (log-odds) to probability.

    x, y : sigmoid: x = [slope], y = [intercept], p = 1 / (1 + exp(-(slope * margin + intercept))).
        isotonic: corner points; p is interpolated between them on the scale of the raw probability.

    Examples
    --------
    >>> Calibrator().probability(np.array([0.0]))
    array([0.5])
    """

    method: Method = "none"
    x: np.ndarray = field(default_factory=lambda: np.zeros(0))
    y: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def probability(self, margin: np.ndarray) -> np.ndarray:
        """Return probabilities in [0, 1], rising with the margin. margin : shape (n_rows,), finite."""
        if self.method == "sigmoid":
            return logistic(self.x[0] * margin + self.y[0])
        raw = logistic(margin)
        if self.method == "isotonic":
            return (1 - _TIE_SHARE) * np.interp(raw, self.x, self.y) + _TIE_SHARE * raw
        return raw


@dataclass(frozen=True, slots=True)
class CalibrationChoice:
    """The calibrator in use and why.

    brier_raw, brier_calibrated : on the same rows, those that a calibrator of earlier folds could score; NaN if none.
    crossed : probabilities of the out-of-fold rows by calibrators of earlier folds, NaN where there is none.

    Examples
    --------
    >>> CalibrationChoice(Calibrator(), "switched off").reason
    'switched off'
    """

    calibrator: Calibrator
    reason: str
    brier_raw: float = float("nan")
    brier_calibrated: float = float("nan")
    crossed: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def honest_probability(self, margin: np.ndarray) -> np.ndarray:
        """Return what the model would have said of the out-of-fold rows: cross-fitted where calibrated, else raw."""
        raw = logistic(margin)
        if self.calibrator.method == "none":
            return raw
        return np.where(np.isfinite(self.crossed), self.crossed, raw)


def choose_calibrator(
    margin: np.ndarray, label: np.ndarray, fold: np.ndarray, decided_at: np.ndarray, label_end: np.ndarray,
    method: str, embargo_days: int,
) -> CalibrationChoice:
    """Return the calibrator of a model.

    margin, label, fold, decided_at, label_end : of the out-of-fold rows, shape (n_rows,), in order of time.
    method : "auto" is sigmoid below 1,000 rows and isotonic from there on, and in use only if the cross-fitted Brier
        score is smaller than the raw one; "sigmoid" and "isotonic" are used as asked; "none" never.
    With fewer than five winners or five others there is none, whatever is asked.
    """
    if method == "none":
        return CalibrationChoice(Calibrator(), "switched off")
    if not _can_fit(label):
        return CalibrationChoice(Calibrator(), f"{int(label.sum())} winners among {len(label)} out-of-fold signals; "
                                               f"a curve needs {_MIN_PER_CLASS} of either kind")
    shape: Method = method if method != "auto" else ("sigmoid" if len(label) < ISOTONIC_FROM else "isotonic")
    crossed = _cross_fitted(shape, margin, label, fold, decided_at, label_end, embargo_days)
    judged = np.isfinite(crossed)
    raw = brier_score(label[judged], logistic(margin[judged]))
    calibrated = brier_score(label[judged], crossed[judged])
    if method != "auto":
        return CalibrationChoice(fit_calibrator(shape, margin, label), "as set", raw, calibrated, crossed)
    if not judged.any():
        return CalibrationChoice(Calibrator(), "too few earlier folds to judge a curve")
    if not calibrated < raw:
        return CalibrationChoice(Calibrator(), f"{shape} does not lower the Brier score out of fold", raw, calibrated)
    return CalibrationChoice(fit_calibrator(shape, margin, label), f"{shape} lowers the Brier score out of fold",
                             raw, calibrated, crossed)


def fit_calibrator(method: Method, margin: np.ndarray, label: np.ndarray) -> Calibrator:
    """Return the curve of the given kind; Platt (1999) with his smoothed targets, or pool-adjacent-violators."""
    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        steps = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(logistic(margin), label)
        x, y = np.asarray(steps.X_thresholds_), np.asarray(steps.y_thresholds_)
        if len(x) == 1:         # margins that do not vary: one level everywhere
            x, y = np.array([0.0, 1.0]), np.repeat(y, 2)
        return Calibrator("isotonic", x, y)
    slope, intercept = _platt(margin, label)
    return Calibrator("sigmoid", np.array([slope]), np.array([intercept]))


def calibrator_faults(calibrator: Calibrator) -> list[str]:
    """Return what makes a curve no rising curve from margins to probabilities; nothing if it is sound.

    Examples
    --------
    >>> calibrator_faults(Calibrator("sigmoid", np.array([-1.0]), np.array([0.0])))
    ['the slope of the sigmoid must be above 0, is -1.0: it would turn the ranking round']
    """
    x, y = calibrator.x, calibrator.y
    if calibrator.method not in ("none", "sigmoid", "isotonic"):
        return [f"the calibration must be none, sigmoid or isotonic, is {calibrator.method!r:.60}"]
    if x.ndim != 1 or y.ndim != 1 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return ["the numbers of the calibration must be two lists of finite numbers"]
    if calibrator.method == "none":
        return ["a calibration `none` must have no numbers"] if len(x) or len(y) else []
    if calibrator.method == "sigmoid":
        return _sigmoid_faults(x, y)
    return _isotonic_faults(x, y)


def _sigmoid_faults(x: np.ndarray, y: np.ndarray) -> list[str]:
    if len(x) != 1 or len(y) != 1:
        return [f"the sigmoid must have one slope and one intercept, has {len(x)} and {len(y)}"]
    return [] if x[0] > 0 else [f"the slope of the sigmoid must be above 0, is {x[0]}: it would turn the ranking round"]


def _isotonic_faults(x: np.ndarray, y: np.ndarray) -> list[str]:
    if len(x) != len(y) or len(x) < 2:
        return [f"the isotonic curve must have as many x as y, at least 2, has {len(x)} and {len(y)}"]
    faults = {
        "the x of the isotonic curve must rise": (np.diff(x) > 0).all(),
        "the y of the isotonic curve must not fall": (np.diff(y) >= 0).all(),
        "the x and y of the isotonic curve must lie from 0 to 1": all(
            values.min() >= 0 and values.max() <= 1 for values in (x, y)),
    }
    return [fault for fault, is_sound in faults.items() if not is_sound]


def brier_score(label: np.ndarray, probability: np.ndarray) -> float:
    """Return the mean squared difference of probability and outcome (Brier 1950); NaN without rows."""
    return float(np.mean((probability - label) ** 2)) if len(label) else float("nan")


def logistic(margin: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-margin)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * margin))


def _can_fit(label: np.ndarray) -> bool:
    winners = int(label.sum())
    return min(winners, len(label) - winners) >= _MIN_PER_CLASS


def _cross_fitted(
    method: Method, margin: np.ndarray, label: np.ndarray, fold: np.ndarray, decided_at: np.ndarray,
    label_end: np.ndarray, embargo_days: int,
) -> np.ndarray:
    """Return probabilities by calibrators of earlier folds only, NaN where these hold too few rows."""
    crossed = np.full(len(margin), np.nan)
    for number in np.unique(fold):
        test = fold == number
        train = ended_before(label_end, decided_at[test].min(), embargo_days)        # rows of earlier folds only
        if _can_fit(label[train]):
            crossed[test] = fit_calibrator(method, margin[train], label[train]).probability(margin[test])
    return crossed


def _platt(margin: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept of the largest likelihood by Newton's method, the slope at least `_MIN_SLOPE`."""
    n_ones = label.sum()
    target = np.where(label == 1, (n_ones + 1) / (n_ones + 2), 1 / (len(label) - n_ones + 2))
    centre, scale = margin.mean(), max(float(margin.std()), 1e-6)
    z = (margin - centre) / scale
    slope, intercept = _newton(np.column_stack([z, np.ones(len(z))]), target, np.zeros(len(z)))
    if slope / scale < _MIN_SLOPE:
        fixed = _MIN_SLOPE * scale
        slope, intercept = fixed, _newton(np.ones((len(z), 1)), target, fixed * z)[0]
    return float(slope / scale), float(intercept - slope / scale * centre)


def _newton(design: np.ndarray, target: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Return the weights of a logistic regression with a fixed offset.

    Smoothed targets lie inside (0, 1), so the maximum exists; the tiny ridge keeps a constant column invertible.
    """
    weights = np.zeros(design.shape[1])
    ridge = 1e-9 * len(target) * np.eye(design.shape[1])
    loss = _cross_entropy(design @ weights + offset, target)
    for _ in range(100):
        p = logistic(design @ weights + offset)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, design.T @ (target - p))
        length = 1.0
        while length > 1e-8:
            new = _cross_entropy(design @ (weights + length * step) + offset, target)
            if new <= loss:
                break
            length /= 2
        weights, previous, loss = weights + length * step, loss, new
        if previous - loss < 1e-13 * len(target):
            break
    return weights


def _cross_entropy(margin: np.ndarray, target: np.ndarray) -> float:
    return float(np.sum(np.logaddexp(0.0, margin) - target * margin))
