"""The story of `conviction train`: from signals to a model file with its training report."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.model_file import save_model
from backtrader_system.models.conviction.training import train_model
from backtrader_system.models.conviction.training_report import training_report
from backtrader_system.models.conviction.training_rows import TrainingRows
from backtrader_system.progress import Progress, Silent
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.signals.conviction.issues import excluded_lines, warning_lines
from backtrader_system.systems.conviction.ideas import Ideas, prepare_ideas
from backtrader_system.systems.conviction.scoring import training_rows
from backtrader_system.systems.conviction.sources import IdeaSources, read_sources


def train_conviction(
    loaded: LoadedSettings, output: Path, *, until: date | None = None, progress: Progress | None = None
) -> tuple[ConvictionModel, str]:
    """Train a model on the signals of the settings and write it; return it and its report as Markdown.

    until : only outcomes that were known on that day; later signals stay new to the model. None: all.
    Raises: DataError if too few outcomes or winners are known; OutputError if the model cannot be written.
    """
    progress = progress or Silent()
    sources = read_sources(loaded.settings, progress)
    ideas = prepare_ideas(sources)
    rows = training_rows(ideas, loaded.settings.conviction.label)
    if until is not None:
        known = rows.label_end <= pd.Timestamp(until).to_datetime64()
        if not known.any():
            first = pd.Timestamp(rows.label_end.min()).date()
            raise DataError(f"no outcome was known on {until}; the first became known on {first}")
        rows = rows.take(known)
    rows = rows.resolved()
    _require_enough(rows, loaded)
    progress.say(f"Training on {len(rows):,} signals with a known outcome")
    model = train_model(rows, loaded.settings.conviction.classifier)
    save_model(model, output)
    return model, _report(model, sources, ideas)


def _require_enough(rows: TrainingRows, loaded: LoadedSettings) -> None:
    needed, exits = loaded.settings.conviction.classifier, loaded.settings.strategy.exits
    winners = int(rows.label.sum())
    if len(rows) < needed.min_training_signals or winners < needed.min_training_winners:
        raise DataError(
            f"too little to learn from: {len(rows):,} signals with a known outcome, {winners:,} winners (target "
            f"{exits.take_profit_fraction:+.0%} within {loaded.settings.conviction.label_days} days); needed are "
            f"{needed.min_training_signals:,} and {needed.min_training_winners:,} "
            "(conviction.classifier.min_training_signals, min_training_winners). Add signals, or choose a nearer "
            "target (strategy.exits.take_profit_fraction)")


def _report(model: ConvictionModel, sources: IdeaSources, ideas: Ideas) -> str:
    """Return the training report, with what was left out of the signals and that they are invented if so."""
    title, rest = training_report(model).split("\n", 1)
    head = ["", "> **SIMULATED SIGNALS: the ideas are invented, nobody ever posted them.**"]
    lines = [title, *(head if sources.history.is_simulated else []), rest.rstrip("\n")]
    notes = (*excluded_lines(ideas.issues), *warning_lines(ideas.issues))
    if notes:
        lines += ["", "## Signals left out, and what is odd about others", "", *(f"- {note}" for note in notes)]
    return "\n".join([*lines, ""])
