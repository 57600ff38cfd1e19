"""The scores of every idea: the model's, the rules' and both together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.synthetic import cold_start_model
from backtrader_system.models.conviction.training_rows import TrainingRows
from backtrader_system.models.conviction.walk_forward import SYNTHETIC, WalkForward, walk_forward_scores
from backtrader_system.progress import Progress
from backtrader_system.settings.conviction import ConvictionSettings
from backtrader_system.signals.conviction.issues import EXCLUDED, SignalIssue
from backtrader_system.signals.conviction.scores import hybrid_score, score_of_probability
from backtrader_system.systems.conviction.ideas import Ideas

IN_SAMPLE, BEFORE_PERIOD = "in_sample", "before_period"


@dataclass(frozen=True, slots=True)
class IdeaScores:
    """Scores of the judged ideas, one row each.

    table : probability (of the model), ml_score (1-10), rule_score, hybrid_score, fold, trained_on.
    source : "model file" or "walk-forward". newest : the model of the file, or of the last month.
    walk : months, models and scores of all ideas, those not judged with a margin of NaN; None for a model file.
    rows : all ideas as rows of a training table. is_judged : which of them are judged.
    """

    table: pd.DataFrame
    source: str
    newest: ConvictionModel
    walk: WalkForward | None
    rows: TrainingRows
    is_judged: np.ndarray

    @property
    def is_cold(self) -> np.ndarray:
        """Ideas of a month without a trained model, scored by one of synthetic signals, bool."""
        return (self.table["trained_on"] == SYNTHETIC).to_numpy() & (self.walk is not None)


def training_rows(ideas: Ideas, label: str) -> TrainingRows:
    """Return the ideas as rows of a training table; `label`: touch or traded."""
    return TrainingRows(
        ideas.features, ideas.label(label), ideas.table["ticker"].to_numpy(dtype=object),
        ideas.table["decided_at"].dt.tz_localize(None).to_numpy(),
        ideas.label_end)


def score_ideas(
    ideas: Ideas, settings: ConvictionSettings, first_session: pd.Timestamp, progress: Progress,
    model: ConvictionModel | None = None,
) -> tuple[Ideas, IdeaScores]:
    """Return the ideas that are judged, and their scores by a model, or by models retrained before every month.

    model : that of `conviction.model`; None retrains.

    Judged are ideas decided on `first_session` or later that their model had not seen. The others are issues.
    Raises: DataError for a model that does not fit the features, or if no idea with a known outcome is left.
    """
    rows, rule = training_rows(ideas, settings.label), ideas.table["rule_score"].to_numpy(dtype=float)
    if model is None:
        progress.say("Training a model before every month on the months before")
        cold = cold_start_model(list(ideas.features.columns), settings.classifier)
        walk = walk_forward_scores(rows, settings.classifier, cold_start=cold)
        fold, trained_on, probability, through = walk.fold, walk.trained_on, walk.probability, None
        source, newest = "walk-forward", walk.models[max(walk.models)]
    else:
        newest, source, walk = model, "model file", None
        probability, through = model.predict(ideas.features), _seen_through(model)
        fold = ideas.table["session"].dt.strftime("%Y-%m").to_numpy()
        trained_on = np.full(len(rule), trained_on_text(model), dtype=object)
    left_out = _left_out(ideas, first_session, through, settings)
    is_judged = np.array([issue is None for issue in left_out])
    _require_outcomes(ideas, is_judged, through, settings)
    table = pd.DataFrame({
        "probability": probability, "ml_score": score_of_probability(probability), "rule_score": rule,
        "hybrid_score": hybrid_score(rule, probability, settings.hybrid_ml_weight),
        "fold": pd.Series(fold, dtype="str"), "trained_on": pd.Series(trained_on, dtype="str"),
    })[is_judged].reset_index(drop=True)
    if walk is not None:
        walk = replace(walk, margin=np.where(is_judged, walk.margin, np.nan),
                       folds=walk.folds[walk.folds["fold"].isin(set(table["fold"]))].reset_index(drop=True))
    judged = ideas.take(is_judged, [issue for issue in left_out if issue is not None])
    return judged, IdeaScores(table, source, newest, walk, rows, is_judged)


def trained_on_text(model: ConvictionModel) -> str:
    """Return what a model learned from, in words."""
    manifest = model.manifest
    if manifest.is_synthetic:
        return SYNTHETIC
    if manifest.trained_through is None:
        return f"unknown ({manifest.converted_from})"
    return f"{manifest.n_rows} signals to {manifest.trained_through}"


def _seen_through(model: ConvictionModel) -> pd.Timestamp | None:
    through = model.manifest.trained_through
    return None if through is None else pd.Timestamp(through)


def _left_out(
    ideas: Ideas, first_session: pd.Timestamp, through: pd.Timestamp | None, settings: ConvictionSettings
) -> list[SignalIssue | None]:
    """Return for each idea why it is not judged, None if it is."""
    where, found = str(settings.signals or "simulated signals"), []
    for one in ideas.table[["signal_id", "ticker", "session"]].itertuples():
        decided, issue = f"decided on {one.session:%Y-%m-%d}", None
        if one.session < first_session:
            issue = SignalIssue(EXCLUDED, BEFORE_PERIOD, where, one.signal_id, one.ticker, decided, (
                f"the run judges from {first_session:%Y-%m-%d} on (backtest.start_date); it may train models"))
        elif through is not None and one.session <= through:
            issue = SignalIssue(EXCLUDED, IN_SAMPLE, where, one.signal_id, one.ticker, decided, (
                f"the model has seen outcomes up to {through:%Y-%m-%d}; a figure with it would be too good"))
        found.append(issue)
    return found


def _require_outcomes(
    ideas: Ideas, is_judged: np.ndarray, through: pd.Timestamp | None, settings: ConvictionSettings
) -> None:
    if through is not None and not (is_judged & np.isfinite(ideas.label("traded"))).any():
        raise DataError(
            f"{settings.model}: the model has seen outcomes up to {through:%Y-%m-%d}, and none of the "
            f"{len(is_judged)} signals was decided later and has a known outcome: nothing would be out of sample. "
            "Train on earlier signals (conviction train --until DATE), give later ones, or leave out the model: it is "
            "then retrained before every month")
    if not is_judged.any():
        raise DataError(f"no signal was decided in the period of the run; the {len(is_judged)} usable ones are from "
                        f"{ideas.table['session'].min():%Y-%m-%d} to {ideas.table['session'].max():%Y-%m-%d}. Change "
                        "backtest.start_date or end_date")
