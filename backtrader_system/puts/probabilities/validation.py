"""What the probabilities were worth against the outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.distributions import normal_quantile
from backtrader_system.metrics.conviction.proportions import score_interval
from backtrader_system.metrics.conviction.ranking import area_under_curve, auc_figures
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.probabilities.methods import method_sources
from backtrader_system.puts.probabilities.option_days import OptionDays, option_days
from backtrader_system.settings.puts import PutsSettings, ScoreSettings

N_BINS = 10
# Logarithms of 0 would make one certain mistake infinitely bad.
_LOWEST = 1e-6
SAMPLES = ("entry", "entry, all methods", "snapshots")
COLUMNS = ("sample", "method", "source", "options", "contracts", "expiries", "base_rate", "brier", "base_brier",
           "brier_skill", "auc", "auc_low", "auc_high", "log_loss", "calibration_error", "note")


def validation_table(
    chain: OptionChain, probabilities: pd.DataFrame, outcomes: pd.DataFrame, settings: PutsSettings, *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return one row per sample and method: how near the probabilities came to the outcomes known by now.

    probabilities : of `probability_methods`. Samples: "entry" holds each contract once, on its first quote within
    `settings.score.entry_days_to_expiry`; "entry, all methods" those of them for which every method has a value, so
    that methods can be compared; "snapshots" every quote, as the owner's report does: near copies, so no interval.
    Columns: options (rows), contracts, expiries; base_rate, their worthless share; brier, Brier (1950); base_brier,
        that of the base rate; brier_skill, 1 - brier / base_brier; auc with its interval by expiry dates; log_loss, in
        natural logarithms; calibration_error over ten bins of equal width; source, "given" or "re-implementation";
        note, why there is no interval.
    """
    days, sources = option_days(chain, outcomes), method_sources(chain)
    samples = _samples(days, probabilities, settings.score)
    return pd.DataFrame([
        {"sample": sample, "method": method, "source": sources[method]}
        | _figures(days, probabilities[method].to_numpy(dtype=float), rows, sample, confidence)
        for sample, rows in samples.items() for method in probabilities], columns=list(COLUMNS))


def reliability_by_method(
    chain: OptionChain, probabilities: pd.DataFrame, outcomes: pd.DataFrame, settings: PutsSettings, *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return for each sample and method the ten bins of `calibration_bins` that hold options.

    Columns: sample, method, bin (such as "80-90%"), options, predicted, actual, low, high. The interval (Wilson) takes
    options as independent, which they are not: it is a lower bound of the doubt; none for snapshots.
    """
    days, tables = option_days(chain, outcomes), []
    critical = normal_quantile(0.5 + confidence / 2)
    for sample, rows in _samples(days, probabilities, settings.score).items():
        for method in probabilities:
            predicted = probabilities[method].to_numpy(dtype=float)[rows]
            table = calibration_bins(predicted, days.worthless[rows])
            ends = [(np.nan, np.nan) if sample == "snapshots" else score_interval(row.actual * row.options, row.options,
                                                                                  critical)
                    for row in table.itertuples()]
            tables.append(table.assign(sample=sample, method=method, low=[low for low, _ in ends],
                                       high=[high for _, high in ends]))
    columns = ["sample", "method", "bin", "options", "predicted", "actual", "low", "high"]
    return pd.concat(tables, ignore_index=True)[columns]


def calibration_bins(probability: np.ndarray, worthless: np.ndarray) -> pd.DataFrame:
    """Return the bins of equal width that hold options: bin, options, predicted (mean), actual (worthless share).

    probability, worthless : shape (n,), NaN in either leaves the option out. The last bin holds 1.0.

    Examples
    --------
    >>> calibration_bins(np.array([0.82, 0.88, 1.0]), np.array([1.0, 0.0, 1.0])).values.tolist()
    [['80-90%', 2, 0.85, 0.5], ['90-100%', 1, 1.0, 1.0]]
    """
    is_used = np.isfinite(probability) & np.isfinite(worthless)
    probability, worthless = probability[is_used], worthless[is_used]
    place = np.clip((probability * N_BINS + 1e-9).astype(int), 0, N_BINS - 1)
    n = np.bincount(place, minlength=N_BINS)
    held = np.flatnonzero(n)
    width = 100 // N_BINS
    return pd.DataFrame({
        "bin": [f"{width * number}-{width * (number + 1)}%" for number in held], "options": n[held],
        "predicted": np.bincount(place, weights=probability, minlength=N_BINS)[held] / n[held],
        "actual": np.bincount(place, weights=worthless, minlength=N_BINS)[held] / n[held]})


def calibration_error(bins: pd.DataFrame) -> float:
    """Return the mean distance of predicted and actual over bins, weighted by options; NaN without options.

    bins : columns options, predicted, actual. Known as expected calibration error, Naeini, Cooper and Hauskrecht
    (2015).

    Examples
    --------
    >>> calibration_error(pd.DataFrame({"options": [3, 1], "predicted": [0.9, 0.5], "actual": [0.8, 0.5]})).__round__(3)
    0.075
    """
    n = bins["options"].sum()
    return float((bins["options"] * (bins["predicted"] - bins["actual"]).abs()).sum() / n) if n else np.nan


def entry_rows(days: OptionDays, settings: ScoreSettings) -> np.ndarray:
    """Return the position of each contract's first quote within the entry window, in the order of the quotes."""
    rows = np.flatnonzero((days.days_to_expiry <= settings.entry_days_to_expiry)
                          & (days.days_to_expiry >= settings.min_days_to_expiry))
    return rows[~pd.Series(days.number[rows]).duplicated().to_numpy()]


def _samples(days: OptionDays, probabilities: pd.DataFrame, settings: ScoreSettings) -> dict[str, np.ndarray]:
    entry = entry_rows(days, settings)
    entry = entry[days.is_evidence[entry]]
    is_whole = np.isfinite(probabilities.to_numpy(dtype=float)[entry]).all(axis=1)
    return dict(zip(SAMPLES, (entry, entry[is_whole], np.flatnonzero(days.is_evidence)), strict=True))


def _figures(
    days: OptionDays, probability: np.ndarray, rows: np.ndarray, sample: str, confidence: float
) -> dict[str, float | int | str]:
    rows = rows[np.isfinite(probability[rows])]
    predicted, worthless, expiry = probability[rows], days.worthless[rows], days.expiry_day[rows]
    counts = {"options": len(rows), "contracts": len(pd.unique(days.number[rows])), "expiries": len(pd.unique(expiry))}
    if len(rows) == 0:
        return counts | {"note": "no option with a probability and a known outcome"}
    rate, brier = float(worthless.mean()), float(np.mean((predicted - worthless) ** 2))
    spread = rate * (1 - rate)
    return counts | {
        "base_rate": rate, "brier": brier, "base_brier": spread,
        "brier_skill": 1 - brier / spread if spread > 0 else np.nan, "log_loss": log_loss(predicted, worthless),
        "calibration_error": calibration_error(calibration_bins(predicted, worthless)),
    } | _ranking(predicted, worthless, None if sample == "snapshots" else expiry, confidence)


def _ranking(
    predicted: np.ndarray, worthless: np.ndarray, expiry: np.ndarray | None, confidence: float
) -> dict[str, float | str]:
    if expiry is None:
        return {"auc": area_under_curve(worthless, predicted), "note": "quotes of one option are near copies"}
    figures = auc_figures(worthless, predicted, expiry, confidence=confidence)
    values = {name: np.nan if figure.value is None else figure.value for name, figure in figures.items()}
    note = (figures["auc_low"].note or "").replace("stretches of time", "expiry dates")
    return values | {"note": note}


def log_loss(probability: np.ndarray, worthless: np.ndarray) -> float:
    """Return the mean of -ln of the probability given to what happened; probabilities kept 1e-6 off 0 and 1.

    Examples
    --------
    >>> round(log_loss(np.array([0.5, 0.5]), np.array([1.0, 0.0])), 6)
    0.693147
    """
    kept = np.clip(probability, _LOWEST, 1 - _LOWEST)
    return float(-np.mean(worthless * np.log(kept) + (1 - worthless) * np.log1p(-kept)))
