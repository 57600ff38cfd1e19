"""The part of report.md about the models: how good they were on sessions they had not seen, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from backtrader_system.reports.figure_text import (
    NOT_COMPUTED,
    FigureSheet,
    count,
    is_missing,
    label,
    percent,
    precise,
    words,
)
from backtrader_system.reports.markdown_table import table
from backtrader_system.reports.result import RunResult

SYMBOLS_SHOWN = 30
STANDARD_ERRORS = 2.0      # a rank correlation nearer to zero than this many cannot be told from zero
_COLUMNS = ("regime_n", "regime_base_rate", "regime_accuracy", "strength_r2", "strength_ic")


def ml_lines(result: RunResult) -> list[str]:
    """Return the verdicts on both models, their figures and those by symbol."""
    lines = ["## Machine learning, out of sample", ""]
    if not result.settings.ml_config.enabled:
        return [*lines, "Switched off (`ml_config.enabled: false`): signals come from rules only.", ""]
    quality = result.metrics.get("ml", {})
    if not quality:
        return [*lines, "The run holds no figures about its models.", ""]
    sheet = FigureSheet({"ml": quality})
    regime, strength = (FigureSheet({name: _section(quality, name)}) for name in ("regime", "strength"))
    lines += [
        "Every prediction was made for a session after the last one its model had learned from; nothing here is "
        "measured on training data.", "",
        f"- {regime_words(regime)}", f"- {strength_words(strength)}", "",
    ]
    rows = [(label(name), sheet.text(name)) for name in sheet.names("ml")]
    rows += [(f"{part}: {words(name)}", group.text(name))
             for part, group in (("Regime", regime), ("Strength", strength)) for name in group.names(part.lower())]
    return [*lines, *table(("figure", "value"), rows, right=(1,)), *_symbol_lines(_section(quality, "symbol_stats"))]


def regime_words(regime: FigureSheet) -> str:
    """Return whether the classifier beat always saying the class that was commoner in its training labels."""
    accuracy, naive, n = regime.value("accuracy"), regime.value("naive_accuracy"), regime.value("n")
    if is_missing(accuracy) or is_missing(naive):
        return f"Regime (will the market trend?): {regime.text('accuracy')}."
    text = (f"Regime (will the market trend?): right in {percent(accuracy)} of {count(n)} predictions whose outcome is "
            f"known. Always saying the class that was commoner in training would have been right in {percent(naive)}")
    gain, error = regime.value("accuracy_gain"), regime.value("accuracy_gain_standard_error")
    if is_missing(gain) or is_missing(error):
        return f"{text}."
    is_clear = abs(float(gain)) > STANDARD_ERRORS * float(error)
    verdict = (f"{'better' if float(gain) > 0 else 'worse'} by more than {STANDARD_ERRORS:g} standard errors"
               if is_clear else "not to be told from that")
    return f"{text} (standard error of the difference {precise(error)}): the model was {verdict}."


def strength_words(strength: FigureSheet) -> str:
    """Return whether the regressor beat the mean of its training labels, and whether its ranking says anything."""
    r2, n = strength.value("r2"), strength.value("n")
    if is_missing(r2):
        return f"Strength (how far will it move?): {strength.text('r2')}."
    text = (f"Strength (how far will it move?): R2 {precise(r2)} over {count(n)} predictions, "
            f"{'better' if float(r2) > 0 else 'no better'} than the mean of the training labels.")
    rank, error = strength.value("ic"), strength.value("ic_standard_error")
    if is_missing(rank) or is_missing(error):
        return text
    is_clear = abs(float(rank)) > STANDARD_ERRORS * float(error)
    side = "above" if float(rank) > 0 else "below"
    verdict = f"{side} zero by more than {STANDARD_ERRORS:g} of them" if is_clear else "not to be told from zero"
    return f"{text} Rank correlation with what followed {precise(rank)}, standard error {precise(error)}: {verdict}."


def out_of_sample_words(result: RunResult) -> dict[str, str]:
    """Return what stands beside the two headline figures of the models: what they were measured against."""
    quality = result.metrics.get("ml", {})
    regime, strength = _section(quality, "regime"), _section(quality, "strength")
    beside = {"avg_regime_accuracy": "out of sample, mean over symbols",
              "avg_strength_r2": "out of sample, mean over symbols"}
    if not is_missing(naive := regime.get("naive_accuracy")):
        beside["avg_regime_accuracy"] += f"; saying the class commoner in training {precise(naive)}"
    if not is_missing(n := strength.get("n")):
        beside["avg_strength_r2"] += f"; {count(n)} predictions"
    return beside


def _section(quality: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = quality.get(name, {})
    return section if isinstance(section, Mapping) else {}


def _symbol_lines(by_symbol: Mapping[str, Mapping[str, object]]) -> list[str]:
    if not by_symbol:
        return []
    rows = []
    for symbol, figures in list(by_symbol.items())[:SYMBOLS_SHOWN]:
        values = (figures.get(name) for name in _COLUMNS)
        rows.append((symbol, *(NOT_COMPUTED if is_missing(value) else count(value) if name == "regime_n"
                               else precise(value) for name, value in zip(_COLUMNS, values, strict=True))))
    header = ("symbol", "predictions", "share of trending", "regime accuracy", "strength R2", "rank correlation")
    rest = [f"And {len(by_symbol) - len(rows)} more symbols: see the section `ml` of the JSON report.", ""]
    return ["### By symbol", "", *table(header, rows, right=(1, 2, 3, 4, 5)),
            *(rest if len(by_symbol) > len(rows) else [])]
