"""The models' figures, all of them out of sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backtrader_system.metrics.classification import (
    classification_quality,
    forecast_quality,
    mean_error,
    rank_correlation_error,
)
from backtrader_system.metrics.figure import Figure, flatten, missing
from backtrader_system.models.predictions import PredictionPair, Predictions
from backtrader_system.signals.labels import Label, Labels

IMPLAUSIBLE_ACCURACY = 0.90
IMPLAUSIBLE_R2 = 0.30

Figures = dict[str, Figure]


def prediction_quality(
    symbols: Sequence[str], pair: PredictionPair, labels: Labels, kind: str, is_enhanced: np.ndarray,
    direction: np.ndarray,
) -> dict[str, Any]:
    """Return the quality of both models' predictions as plain values for a report.

    symbols : one per column. kind : of the labels, forward or original. direction, is_enhanced : from the run's first
        session on, for the share of buy and sell signals that a model changed.
    Returns: labels; n_predictions; symbols_with_models; models_trained; enhanced_signal_rate; regime and strength, over
        all rows; avg_..., means over symbols, weighted by their n; symbol_stats, per symbol; warnings, sentences.
        Predictions whose label was not settled by the end of the data are left out; `n` counts the others.
    """
    everything = np.ones(len(symbols), dtype=bool)
    per_symbol = {
        symbol: _symbol_figures(pair, labels, np.arange(len(symbols)) == column)
        for column, symbol in enumerate(symbols) if pair.strength.n_models[column]
    }
    strength = _strength_figures(pair.strength, labels.strength, everything)
    strength["ic_standard_error"] = _ic_error(pair.strength, labels.strength)
    regime = _regime_figures(pair.regime, labels.regime, everything) | _accuracy_gain(pair.regime, labels.regime)
    n_signals = int(np.count_nonzero(direction))
    return {
        "labels": kind,
        **flatten({
            "n_predictions": int(np.isfinite(pair.strength.value).sum()),
            "symbols_with_models": len(per_symbol),
            "models_trained": pair.n_fits,
            "enhanced_signal_rate": Figure(float(is_enhanced.sum()) / n_signals) if n_signals else missing("no signal"),
            **{f"avg_{name}": _mean(per_symbol, name) for name in (
                "regime_accuracy", "regime_balanced_accuracy", "regime_auc", "strength_r2", "strength_ic")},
        }),
        "regime": flatten(regime),
        "strength": flatten(strength),
        "symbol_stats": {symbol: flatten(figures) for symbol, figures in per_symbol.items()},
        "warnings": _warnings(regime, strength, kind),
    }


def _symbol_figures(pair: PredictionPair, labels: Labels, columns: np.ndarray) -> Figures:
    regime = _regime_figures(pair.regime, labels.regime, columns)
    strength = _strength_figures(pair.strength, labels.strength, columns)
    return {
        **{f"regime_{name}": figure for name, figure in regime.items()},
        **{f"strength_{name}": figure for name, figure in strength.items()},
        "training_sessions": Figure(int(pair.strength.n_models[columns].sum())),
    }


def _regime_figures(made: Predictions, label: Label, columns: np.ndarray) -> Figures:
    cells = _judged(made, label) & columns
    return classification_quality(label.value[cells], made.value[cells], made.reference[cells])


def _strength_figures(made: Predictions, label: Label, columns: np.ndarray) -> Figures:
    cells = _judged(made, label) & columns
    return forecast_quality(label.value[cells], made.value[cells], made.reference[cells])


def _accuracy_gain(made: Predictions, label: Label) -> Figures:
    """Return by how much the classifier beats the class that was commoner in training, and the error of that."""
    cells = _judged(made, label)
    if not cells.any():
        return dict.fromkeys(("accuracy_gain", "accuracy_gain_standard_error"), missing("no prediction to judge"))
    is_one = label.value[cells] > 0.5
    gain = ((made.value[cells] > 0.5) == is_one).astype(float) - ((made.reference[cells] > 0.5) == is_one)
    error = mean_error(gain, np.nonzero(cells)[0])
    return {"accuracy_gain": Figure(float(gain.mean())),
            "accuracy_gain_standard_error": Figure(error) if np.isfinite(error) else missing("too few sessions")}


def _ic_error(made: Predictions, label: Label) -> Figure:
    cells = _judged(made, label)
    error = rank_correlation_error(made.value[cells], label.value[cells], np.nonzero(cells)[0])
    return Figure(error) if np.isfinite(error) else missing("too few sessions")


def _judged(made: Predictions, label: Label) -> np.ndarray:
    return np.isfinite(made.value) & np.isfinite(label.value)


def _mean(per_symbol: dict[str, Figures], name: str) -> Figure:
    # Unweighted, a symbol listed last week would speak as loud as one with a year of predictions.
    n_name = name.split("_")[0] + "_n"
    pairs = [(figures[name].value, figures[n_name].value) for figures in per_symbol.values()
             if not figures[name].is_missing]
    if not pairs:
        return missing("no symbol has this figure")
    values, weights = zip(*pairs, strict=True)
    return Figure(float(np.average(values, weights=weights)))


def _warnings(regime: Figures, strength: Figures, kind: str) -> list[str]:
    if kind == "original":
        return ["the original regime label describes the past sessions, so its accuracy is no forecast; the original "
                "strength label is blind to direction"]
    found = []
    accuracy, r2 = regime["accuracy"].value, strength["r2"].value
    if accuracy is not None and accuracy > IMPLAUSIBLE_ACCURACY:
        found.append(f"regime accuracy {accuracy:.2f} out of sample is above {IMPLAUSIBLE_ACCURACY}: no market is that "
                     "predictable; look for a leak in the data or the features")
    if r2 is not None and r2 > IMPLAUSIBLE_R2:
        found.append(f"strength R2 {r2:.2f} out of sample is above {IMPLAUSIBLE_R2}: no market is that predictable; "
                     "look for a leak in the data or the features")
    return found
