"""The scores of every idea: the model's, the rules' and both together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.model_file import load_model
from backtrader_system.models.conviction.synthetic import cold_start_model
from backtrader_system.models.conviction.training_rows import TrainingRows
from backtrader_system.models.conviction.walk_forward import SYNTHETIC, WalkForward, walk_forward_scores
from backtrader_system.progress import Progress
from backtrader_system.settings.conviction import ConvictionSettings
from backtrader_system.signals.conviction.scores import hybrid_score, score_of_probability
from backtrader_system.systems.conviction.ideas import Ideas

HIGHEST_RULE_SCORE = 12.0
IN_SAMPLE = "the model was trained on it or on later signals"


@dataclass(frozen=True, slots=True)
class IdeaScores:
    """Scores of the ideas, one row each.

    table : probability (of the model), ml_score (1-10), rule_score, hybrid_score, fold, trained_on,
        is_out_of_sample (bool; False where the model had seen the signal).
    source : "model file" or "walk-forward". newest : the model of the file, or of the last month.
    walk : the months and their models, None for a model file.
    """

    table: pd.DataFrame
    source: str
    newest: ConvictionModel
    walk: WalkForward | None

    @property
    def is_cold(self) -> np.ndarray:
        """Ideas scored by a model of synthetic signals, bool."""
        return (self.table["trained_on"] == SYNTHETIC).to_numpy()


def training_rows(ideas: Ideas, label: str) -> TrainingRows:
    """Return the ideas as rows of a training table; `label`: touch or traded."""
    return TrainingRows(
        ideas.features, ideas.label(label), ideas.table["ticker"].to_numpy(dtype=object),
        ideas.table["decided_at"].dt.tz_localize(None).to_numpy(),
        ideas.label_end)


def score_ideas(ideas: Ideas, settings: ConvictionSettings, progress: Progress) -> IdeaScores:
    """Return the scores of a model file, or of models that are retrained before every month.

    Raises: DataError for a model that does not fit the features, or that had seen every signal.
    """
    rule = ideas.table["rule_score"].to_numpy(dtype=float)
    if settings.model is None:
        progress.say("Training a model before every month on the months before")
        walk = walk_forward_scores(
            training_rows(ideas, settings.label), settings.classifier,
            cold_start=cold_start_model(list(ideas.features.columns), settings.classifier))
        fold, trained_on, probability = walk.fold, walk.trained_on, walk.probability
        is_new, source, newest = np.ones(len(rule), dtype=bool), "walk-forward", walk.models[max(walk.models)]
    else:
        model = load_model(settings.model)
        probability = model.predict(ideas.features)
        is_new, source, newest, walk = _is_new(ideas, model, settings), "model file", model, None
        fold = ideas.table["session"].dt.strftime("%Y-%m").to_numpy()
        trained_on = np.full(len(rule), trained_on_text(model), dtype=object)
    table = pd.DataFrame({
        "probability": probability, "ml_score": score_of_probability(probability), "rule_score": rule,
        "hybrid_score": hybrid_score(rule, probability, settings.hybrid_ml_weight),
        "fold": pd.Series(fold, dtype="str"), "trained_on": pd.Series(trained_on, dtype="str"),
        "is_out_of_sample": is_new,
    })
    return IdeaScores(table, source, newest, walk)


def trained_on_text(model: ConvictionModel) -> str:
    """Return what a model learned from, in words."""
    manifest = model.manifest
    if manifest.is_synthetic:
        return SYNTHETIC
    if manifest.trained_through is None:
        return f"unknown ({manifest.converted_from})"
    return f"{manifest.n_rows} signals to {manifest.trained_through}"


def _is_new(ideas: Ideas, model: ConvictionModel, settings: ConvictionSettings) -> np.ndarray:
    through = model.manifest.trained_through
    if through is None:
        return np.ones(len(ideas.table), dtype=bool)
    is_new = (ideas.table["session"] > pd.Timestamp(through)).to_numpy()
    if not (is_new & np.isfinite(ideas.label("traded"))).any():
        raise DataError(
            f"{settings.model}: the model has seen outcomes up to {through}, and none of the {len(is_new)} signals was "
            "decided later and has a known outcome: nothing would be out of sample. Train on earlier signals "
            "(conviction train --until DATE), give later ones, or leave out the model: it is then retrained before "
            "every month")
    return is_new
