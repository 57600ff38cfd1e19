"""What a model learnt from and how good it is, in words for someone who has not seen the code."""

from __future__ import annotations

from collections.abc import Callable

from backtrader_system.models.conviction.manifest import ModelManifest
from backtrader_system.models.conviction.model import ConvictionModel

_GATE_WORDS = {"precision": "precision of the best 10 %", "recall": "recall of the best 10 %",
               "auc": "AUC"}


def training_report(model: ConvictionModel) -> str:
    """Return a Markdown report: data, figures on unseen signals, calibration, readiness, what it is made of."""
    facts = model.manifest
    parts = [["# Training report of a conviction model", ""], _origin(facts)]
    if facts.converted_from is None:
        parts += [_data(facts), _figures(facts), _calibration(facts), _readiness(facts)]
    parts.append(_ingredients(facts))
    return "\n".join(line for part in parts for line in part)


def _origin(facts: ModelManifest) -> list[str]:
    if facts.is_synthetic:
        return ["**Cold start: every training signal is made up.** The figures below say how well the model learnt "
                "the beliefs of those who wrote the generator. They say nothing about a market. Replace it as soon as "
                "there are outcomes of real signals.", ""]
    if facts.converted_from is not None:
        return [f"**Converted from {facts.converted_from}.** What it was trained on is not known: signals of any date "
                "may be in its training data, so a backtest of it may be in sample. Its probabilities are not "
                "calibrated.", ""]
    return [f"The model states the probability that a signal becomes a winner. It knows outcomes up to "
            f"{facts.trained_through}; only signals decided after that day are unseen by it.", ""]


def _data(facts: ModelManifest) -> list[str]:
    lines = ["## Training data", "",
             f"- {_count(facts.n_rows, 'signal')} with a known outcome, {_count(facts.n_winners, 'winner')}: a base "
             f"rate of {_percent(facts.base_rate)}.",
             f"- {len(facts.features)} features; {_count(facts.n_rounds, 'tree')} ({facts.rounds_chosen_by})."]
    if facts.n_winners is not None and facts.n_winners < 10 * len(facts.features):
        lines.append(f"- {_count(facts.n_winners, 'winner')} for {len(facts.features)} features is little: expect "
                     "the model to change a lot when signals are added.")
    return [*lines, ""]


def _figures(facts: ModelManifest) -> list[str]:
    if not facts.n_out_of_fold:
        return ["## Figures on unseen signals", "",
                "None: too few signals, or none whose outcome was known before others were decided. How good the "
                "model is, nobody can say yet.", ""]
    rows = [
        ("winners are ranked above losers (AUC; 0.5 is chance)",
         _with_interval(facts.auc, facts.auc_low, facts.auc_high, _number)),
        ("winners among the best 10 % (precision)",
         _with_interval(facts.precision, facts.precision_low, facts.precision_high, _percent)),
        ("base rate of the same signals", _percent(facts.out_of_fold_base_rate)),
        ("precision over base rate (lift; 1 is chance)", _number(facts.lift)),
        ("share of all winners found in the best 10 % (recall)",
         _with_interval(facts.recall, facts.recall_low, facts.recall_high, _percent)),
        ("error of the probabilities (Brier score; smaller is better)", _number(facts.brier, 4)),
        ("the same against always stating the base rate (Brier skill; 0 is no use, 1 perfect)",
         _number(facts.brier_skill)),
    ]
    return ["## Figures on unseen signals", "",
            f"Each of {_count(facts.n_out_of_fold, 'signal')} was scored by a model of earlier signals whose outcome "
            f"was known before it was decided ({_count(facts.n_folds, 'fold')} in order of time). The best 10 % are "
            f"{_count(facts.n_best, 'signal')}. In brackets: 95 % intervals; the AUC's treats signals of one month as "
            f"dependent ({_count(facts.auc_clusters, 'month')}), the others treat all as independent and are too "
            "narrow where signals overlap.", "",
            "| figure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows), ""]


def _calibration(facts: ModelManifest) -> list[str]:
    lines = ["## Calibration", "", f"In use: {facts.calibration} ({facts.calibration_reason})."]
    if facts.calibration_brier_raw is not None and facts.calibration_brier_calibrated is not None:
        lines.append(f"Brier score: {facts.calibration_brier_raw:.4f} without, "
                     f"{facts.calibration_brier_calibrated:.4f} with a curve that had seen earlier folds only; both on "
                     "the folds that have earlier ones.")
    return [*lines, ""]


def _readiness(facts: ModelManifest) -> list[str]:
    rows = []
    for gate in facts.readiness:
        words, show = _GATE_WORDS[gate["name"]], _number if gate["name"] == "auc" else _percent
        value = _with_interval(gate["value"], gate["low"], gate["high"], show)
        rows.append(f"| {words} | above {show(gate['threshold'])} | {value} | {_verdict(gate)} |")
    lines = ["## Ready?", "", "| gate | threshold | value | |", "|---|---|---|---|", *rows, ""]
    most = min(0.1 / facts.out_of_fold_base_rate, 1.0) if facts.out_of_fold_base_rate else 1.0
    if most < 1:
        verdict = ": the gate of recall cannot be met at this base rate" if most <= 0.5 else ""
        lines += [f"With {_percent(facts.out_of_fold_base_rate)} winners the best 10 % of a perfect model would hold "
                  f"{_percent(most)} of them{verdict}.", ""]
    return lines


def _verdict(gate: dict[str, object]) -> str:
    if gate["value"] is None:
        return "not known"
    if not gate["is_met"]:
        return "not met"
    low, threshold = gate["low"], gate["threshold"]
    is_sure = isinstance(low, float) and isinstance(threshold, float) and low > threshold
    return "met" if is_sure else "met, but the interval reaches below"


def _ingredients(facts: ModelManifest) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in facts.versions.items())
    lines = ["## Made of", "", f"- learner: {facts.learner}", f"- versions: {versions}"]
    if facts.settings:
        lines.append("- settings: " + ", ".join(f"{name} {value}" for name, value in facts.settings.items()))
    if facts.data_hash:
        lines.append(f"- SHA-256 of the training rows: {facts.data_hash}")
    return [*lines, f"- features: {', '.join(facts.features)}", ""]


def _count(number: int | None, noun: str) -> str:
    return f"{number or 0:,} {noun}{'' if number == 1 else 's'}"


def _percent(value: float | None) -> str:
    return "not known" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None, digits: int = 2) -> str:
    return "not known" if value is None else f"{value:.{digits}f}"


def _with_interval(value: float | None, low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    if value is None:
        return "not known"
    return show(value) if low is None or high is None else f"{show(value)} ({show(low)} to {show(high)})"
