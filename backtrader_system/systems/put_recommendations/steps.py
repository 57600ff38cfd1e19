"""The steps of the owner's document, each alone: what it computes, and the tables it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from backtrader_system.errors import SettingsError
from backtrader_system.file_output import explain_os_errors, write_bytes
from backtrader_system.progress import Progress
from backtrader_system.puts.factors.support_table import support_table
from backtrader_system.reports.ledger_files import csv_text
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.settings.settings import Settings
from backtrader_system.systems.put_recommendations.judged import entry_quotes, evidence_rows
from backtrader_system.systems.put_recommendations.judging import judge, study_weights
from backtrader_system.systems.put_recommendations.rows_file import read_rows
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts, score_puts
from backtrader_system.systems.put_recommendations.sources import PutSources, read_put_sources
from backtrader_system.systems.put_recommendations.tables import (
    daily_table,
    issues_table,
    outcomes_table,
    support_history,
    universe_table,
)

SYSTEM = "put_recommendations"


@dataclass(frozen=True, slots=True)
class StepResult:
    """Tables by file name, and lines to print below them."""

    tables: Mapping[str, pd.DataFrame]
    lines: tuple[str, ...] = ()


def run_step(step: str, loaded: LoadedSettings, progress: Progress, *, rows_file: Path | None = None) -> StepResult:
    """Return what one step finds: universe, outcomes, support, scores, analyze or optimize.

    rows_file : judged options to analyze or optimise instead of those that the config leads to.
    Raises: SettingsError for a config of another system; any error of its inputs.
    """
    settings = loaded.settings
    if settings.system != SYSTEM:
        raise SettingsError(f"{loaded.path}: system is {settings.system}; these commands need system: {SYSTEM}. "
                            "Start from put_recommendations.yaml")
    if step in _OF_ROWS:
        rows = _rows(settings, progress, rows_file)
        return _OF_ROWS[step](rows, settings, progress)
    sources = read_put_sources(settings, progress)
    if step == "universe":
        return _universe(sources)
    return _OF_SCORES[step](score_puts(sources, progress))


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Write each table whole or not at all; yield where it is."""
    with explain_os_errors("create", folder, "--output"):
        folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_bytes(folder / name, csv_text(table).encode(), option="--output")
        yield folder / name, table


def _universe(sources: PutSources) -> StepResult:
    chain = sources.chain
    return StepResult({"options_universe.csv": universe_table(chain), "data_issues.csv": issues_table(chain)},
                      _issue_lines(sources))


def _outcomes(scored: ScoredPuts) -> StepResult:
    table = outcomes_table(scored)
    counts = table["Outcome"].value_counts()
    return StepResult(
        {"historical_options_outcomes.csv": table, "data_issues.csv": issues_table(scored.sources.chain)},
        (", ".join(f"{count:,} {word}" for word, count in counts.items()), *_issue_lines(scored.sources)))


def _support(scored: ScoredPuts) -> StepResult:
    bars = scored.sources.bars
    return StepResult({
        "support_history.csv": support_history(scored),
        "support_level_metrics.csv": support_table(scored.support, bars, bars.sessions[-1])})


def _scores(scored: ScoredPuts) -> StepResult:
    rows = evidence_rows(scored, entry_quotes(scored))
    return StepResult(
        {"backtest_results.csv": daily_table(scored), "evidence_rows.csv": rows},
        (f"{len(rows):,} options judged once, over {rows['expiry_session'].nunique()} expiry dates",
         *_issue_lines(scored.sources)))


def _analyze(rows: pd.DataFrame, settings: Settings, progress: Progress) -> StepResult:
    evidence = judge(rows, settings)
    return StepResult({f"{name}.csv": table for name, table in evidence.tables.items()}, tuple(evidence.conclusion))


def _optimize(rows: pd.DataFrame, settings: Settings, progress: Progress) -> StepResult:
    study = study_weights(rows, settings, progress)
    return StepResult({f"{name}.csv": table for name, table in study.tables.items()}, (study.text,))


def _rows(settings: Settings, progress: Progress, rows_file: Path | None) -> pd.DataFrame:
    if rows_file is not None:
        return read_rows(rows_file)
    scored = score_puts(read_put_sources(settings, progress), progress)
    return evidence_rows(scored, entry_quotes(scored))


def _issue_lines(sources: PutSources) -> tuple[str, ...]:
    return tuple(f"{issue.severity}: {issue.rule}, {issue.count:,} rows, such as {issue.example}; {issue.advice}"
                 for issue in sources.chain.issues)


_OF_SCORES: Mapping[str, Callable[[ScoredPuts], StepResult]] = {
    "outcomes": _outcomes, "support": _support, "scores": _scores}
_OF_ROWS: Mapping[str, Callable[[pd.DataFrame, Settings, Progress], StepResult]] = {
    "analyze": _analyze, "optimize": _optimize}
