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
from backtrader_system.progress import Progress, Silent
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.systems.conviction.ideas import prepare_ideas
from backtrader_system.systems.conviction.scoring import training_rows
from backtrader_system.systems.conviction.sources import read_sources


def train_conviction(
    loaded: LoadedSettings, output: Path, *, until: date | None = None, progress: Progress | None = None
) -> tuple[ConvictionModel, Path]:
    """Train a model on the signals of the settings, write it and its report; return it and the report's path.

    until : only outcomes that were known on that day; later signals stay new to the model. None: all.
    The report is written beside the model, as NAME.md.
    Raises: DataError if too few outcomes are known; OutputError if a file cannot be written.
    """
    progress = progress or Silent()
    ideas = prepare_ideas(read_sources(loaded.settings, progress))
    rows = training_rows(ideas, loaded.settings.conviction.label)
    if until is not None:
        known = rows.label_end <= pd.Timestamp(until).to_datetime64()
        if not known.any():
            first = pd.Timestamp(rows.label_end.min()).date()
            raise DataError(f"no outcome was known on {until}; the first became known on {first}")
        rows = rows.take(known)
    progress.say(f"Training on {len(rows.resolved()):,} signals with a known outcome")
    model = train_model(rows, loaded.settings.conviction.classifier)
    save_model(model, output)
    report = output.with_suffix(".md")
    report.write_text(training_report(model), encoding="utf-8")
    return model, report
