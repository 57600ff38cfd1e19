"""The story of `conviction drift`: the last live signals against what a stored backtest let expect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.period import covered_period
from backtrader_system.metrics.conviction.drift import drift_report
from backtrader_system.models.conviction.model_file import load_model
from backtrader_system.models.conviction.walk_forward import SYNTHETIC
from backtrader_system.progress import Progress, Silent
from backtrader_system.reports.load_run import load_run
from backtrader_system.reports.result import RunResult
from backtrader_system.settings.loading import load_settings
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.issues import excluded_lines, warning_lines
from backtrader_system.systems.conviction.choosing import choose
from backtrader_system.systems.conviction.ideas import Ideas, prepare_ideas
from backtrader_system.systems.conviction.scoring import IN_SAMPLE, score_ideas
from backtrader_system.systems.conviction.sources import read_sources


def watch_drift(
    run_folder: Path, signals: Path, config: str, overrides: Sequence[str], *, model: Path | None = None,
    days: int = 30, as_of: date | None = None, progress: Progress | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return one row per comparison of live signals with the backtest in `run_folder`, see `drift_report`, and notes.

    The notes say what was left out of the live signals, and that they are simulated if so.

    signals : live signals, a file or a store. config, overrides : where their bars come from; exits, costs, labels and
        selection are those of the run. model : the one in use; None takes that of the run.
    days : scores of signals decided in the last so many days; outcomes that were settled in them. as_of : the present
        day; None is today. Later signals are not read.
    Raises: DataError if the run is no conviction run, if no model is named, or if nothing can be compared.
    """
    expected = load_run(run_folder)
    if expected.settings.system != "conviction":
        raise DataError(f"{run_folder}: a run of the system {expected.settings.system}; drift compares conviction runs")
    now = datetime.now(UTC) if as_of is None else datetime.combine(as_of, time(23, 59, 59), UTC)
    given = load_settings(config, [*overrides, f"conviction.signals={json.dumps(str(signals))}"]).settings
    settings = _live_settings(expected.settings, given, signals, model, now)
    sources = read_sources(settings, progress or Silent(), now=now)
    ideas = prepare_ideas(sources)
    live, ideas = _live_table(ideas, settings, sources.first_session, progress or Silent())
    features = tuple(ideas.features.columns)
    rows = drift_report(_expected_table(expected), live, now=now, days=days, label_days=_horizon(settings),
                        features=features, confidence=settings.evidence.confidence)
    left_out = [issue for issue in ideas.issues if issue.rule != IN_SAMPLE]
    simulated = ["SIMULATED SIGNALS: nobody ever posted them"] if sources.history.is_simulated else []
    return rows, [*simulated, *excluded_lines(left_out), *warning_lines(ideas.issues)]


def _horizon(settings: Settings) -> int:
    return max(settings.conviction.label_days, settings.strategy.exits.max_holding_calendar_days or 0)


def _live_settings(run: Settings, given: Settings, signals: Path, model: Path | None, now: datetime) -> Settings:
    """Return the settings of the run with live signals, the model in use and the data that were asked for."""
    used = model or run.conviction.model
    if used is None:
        raise DataError("the run retrained its models month by month and names none; say which model scores the live "
                        "signals: --model NAME.skops (conviction train makes one)")
    conviction = run.conviction.model_copy(update={"signals": signals, "model": Path(used)})
    data = run.data if given.data.source == "yahoo" and run.data.source == "files" else given.data
    covered = covered_period(data, None)
    last = datetime.now(UTC).date() - timedelta(days=1) if covered is None else covered[1]
    test = run.backtest.model_copy(update={"start_date": None, "end_date": min(now.date(), last)})
    return run.model_copy(update={
        "conviction": conviction, "backtest": test, "data": data,
        "universe": run.universe.model_copy(update={"symbols": None})})


def _live_table(
    ideas: Ideas, settings: Settings, first_session: pd.Timestamp, progress: Progress
) -> tuple[pd.DataFrame, Ideas]:
    model = load_model(settings.conviction.model)
    ideas, scores = score_ideas(ideas, settings.conviction, first_session, progress, model)
    chosen = choose(settings.conviction.strategy, ideas, scores, settings.conviction)
    table = pd.DataFrame({
        "decided_at": ideas.table["decided_at"], "score": scores.table["ml_score"],
        "probability": scores.table["probability"], "won": ideas.label(settings.conviction.label),
        "net_return": ideas.net_return, "selected": chosen.is_selected})
    return pd.concat([table, ideas.features.reset_index(drop=True)], axis=1), ideas


def _expected_table(run: RunResult) -> pd.DataFrame:
    """Return the signals of a run that a trained model scored, with their features if the run kept them."""
    label = "reached_target" if run.settings.conviction.label == "touch" else "won"
    signals = run.signals
    table = pd.DataFrame({
        "decided_at": signals["decided_at"], "score": signals["ml_score"], "probability": signals["probability"],
        "won": np.where(signals["is_mature"], signals[label], np.nan),
        "net_return": np.where(signals["is_mature"], signals["net_return"], np.nan),
        "selected": signals["selected"], "signal_id": signals["signal_id"]})
    if "features" in run.tables:
        table = table.merge(run.tables["features"], on="signal_id", how="left")
    return table[(signals["trained_on"] != SYNTHETIC).to_numpy()].drop(columns="signal_id")
