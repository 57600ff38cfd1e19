"""The story of one `put_recommendations` run: chain, scores, account, checks, evidence, report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from backtrader_system.engine.extensions import check_parameters, load_analyzer, load_strategy
from backtrader_system.progress import Progress, Silent
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_folder import Clock, open_run_folder
from backtrader_system.reports.write_run import write_run
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.systems.put_recommendations.account import sell_puts
from backtrader_system.systems.put_recommendations.judged import entry_quotes, evidence_rows
from backtrader_system.systems.put_recommendations.judging import judge, sensitivity, study_weights
from backtrader_system.systems.put_recommendations.learning import with_learned_weights
from backtrader_system.systems.put_recommendations.result import Findings, put_result
from backtrader_system.systems.put_recommendations.scoring import score_puts
from backtrader_system.systems.put_recommendations.sources import PutSources, read_put_sources
from backtrader_system.systems.put_recommendations.variants import selling_variants
from backtrader_system.systems.stages import Stages


def run_put_recommendations(
    loaded: LoadedSettings, output_dir: Path | str | None = None, progress: Progress | None = None, *,
    clock: Clock = datetime.now, command: Sequence[str] = (),
) -> RunResult:
    """Run the system and store the run in a new folder under `output_dir` (default: `output.results_dir`).

    Raises: any BacktraderSystemError; ReconciliationError if the ledgers do not agree with an independent replay.
    Until quotes and bars are read and checked nothing is written; from then on an interrupted run leaves a folder
    that is marked incomplete.
    """
    progress, stages = progress or Silent(), Stages()
    sources = _read(loaded, progress, stages)
    with open_run_folder(output_dir or loaded.settings.output.results_dir, loaded.name, clock=clock) as folder:
        result = _judged(loaded, sources, progress, stages)
        with stages.timed("report"):
            progress.say("Writing the report")
            return write_run(result, folder.path, folder.timestamp, timings=stages.seconds, command=command)


def backtest_put_recommendations(loaded: LoadedSettings, progress: Progress | None = None) -> RunResult:
    """Run the system and return its result without storing anything."""
    progress, stages = progress or Silent(), Stages()
    return _judged(loaded, _read(loaded, progress, stages), progress, stages)


def _read(loaded: LoadedSettings, progress: Progress, stages: Stages) -> PutSources:
    check_parameters(load_strategy(loaded.settings.strategy.name), loaded.settings.strategy.params)
    for name in loaded.settings.analyzers:
        load_analyzer(name)
    with stages.timed("data"):
        return read_put_sources(loaded.settings, progress)


def _judged(loaded: LoadedSettings, sources: PutSources, progress: Progress, stages: Stages) -> RunResult:
    settings, learned = sources.settings, None
    with stages.timed("scores"):
        scored = score_puts(sources, progress)
        if settings.puts.score.learn_weights:
            scored, learned = with_learned_weights(scored, progress)
        entries = entry_quotes(scored)
        rows = evidence_rows(scored, entries)
    with stages.timed("backtest"):
        account = sell_puts(scored, entries, settings, progress)
        variants = selling_variants(scored, entries, settings, progress)
    with stages.timed("evidence"):
        progress.say(f"Judging the score on {len(rows):,} options")
        evidence = judge(rows, settings)
        compared = sensitivity(scored, entries, rows, settings)
    with stages.timed("weights"):
        weights = study_weights(rows, settings, progress) if settings.puts.weight_search.enabled else None
    with stages.timed("result"):
        return put_result(
            loaded, scored, Findings(rows, account, variants, evidence, compared, weights, learned))
