"""The story of one `conviction` run: ideas, scores, choice, account, checks, evidence, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from backtrader_system.engine.extensions import check_parameters, load_analyzer, load_strategy
from backtrader_system.engine.kernel.verifying import Verification
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.model_file import load_model
from backtrader_system.progress import Progress, Silent
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_folder import Clock, open_run_folder
from backtrader_system.reports.write_run import write_run
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.features import compute_features
from backtrader_system.systems.checks import check_ledgers, verified
from backtrader_system.systems.conviction.account import AccountMarket, AccountRun
from backtrader_system.systems.conviction.choosing import choose
from backtrader_system.systems.conviction.evidence import conviction_result
from backtrader_system.systems.conviction.ideas import Ideas, prepare_ideas
from backtrader_system.systems.conviction.scenarios import run_scenarios, size_factors, trade
from backtrader_system.systems.conviction.scoring import score_ideas
from backtrader_system.systems.conviction.sources import IdeaSources, read_sources
from backtrader_system.systems.ml_trading import KNOWN_LINES
from backtrader_system.systems.stages import Stages

RULES = "rules"


def run_conviction(
    loaded: LoadedSettings, output_dir: Path | str | None = None, progress: Progress | None = None, *,
    clock: Clock = datetime.now, command: Sequence[str] = (),
) -> RunResult:
    """Run the system and store the run in a new folder under `output_dir` (default: `output.results_dir`).

    Raises: any BacktraderSystemError; ReconciliationError if the ledgers do not agree with an independent replay.
    Until signals and bars are read and checked nothing is written; from then on an interrupted run leaves a folder
    that is marked incomplete.
    """
    progress, stages = progress or Silent(), Stages()
    prepared = _prepared(loaded, progress, stages)
    with open_run_folder(output_dir or loaded.settings.output.results_dir, loaded.name, clock=clock) as folder:
        result = _judged(loaded, *prepared, progress, stages)
        with stages.timed("report"):
            return write_run(result, folder.path, folder.timestamp, timings=stages.seconds, command=command)


def backtest_conviction(loaded: LoadedSettings, progress: Progress | None = None) -> RunResult:
    """Run the system and return its result without storing anything."""
    progress, stages = progress or Silent(), Stages()
    return _judged(loaded, *_prepared(loaded, progress, stages), progress, stages)


def _prepared(
    loaded: LoadedSettings, progress: Progress, stages: Stages
) -> tuple[IdeaSources, Ideas, ConvictionModel | None]:
    check_parameters(load_strategy(loaded.settings.strategy.name), loaded.settings.strategy.params)
    for name in loaded.settings.analyzers:
        load_analyzer(name)
    path = loaded.settings.conviction.model
    model = None if path is None else load_model(path)      # one that cannot be used is said before anything is read
    with stages.timed("data"):
        sources = read_sources(loaded.settings, progress)
    with stages.timed("signals"):
        return sources, prepare_ideas(sources), model


def _judged(
    loaded: LoadedSettings, sources: IdeaSources, ideas: Ideas, model: ConvictionModel | None, progress: Progress,
    stages: Stages,
) -> RunResult:
    settings = sources.settings
    conviction = settings.conviction
    with stages.timed("models"):
        ideas, scores = score_ideas(ideas, conviction, sources.first_session, progress, model)
    market = account_market(sources, int(ideas.row.min()))
    with stages.timed("backtest"):
        chosen = choose(conviction.strategy, ideas, scores, conviction)
        baseline_choice = choose(RULES, ideas, scores, conviction)
        factor = size_factors(scores, settings) if conviction.size_by_conviction else None
        account = trade(market, ideas, scores, conviction.strategy, chosen, settings, factor)
        baseline = trade(market, ideas, scores, RULES, baseline_choice, settings)
    with stages.timed("checks"):
        notes = tuple(_checked(name, run, market, settings, progress) for name, run in
                      ((conviction.strategy, account), (RULES, baseline)))
    with stages.timed("scenarios"):
        scenarios = run_scenarios(market, ideas, scores, settings, progress)
    with stages.timed("evidence"):
        result = conviction_result(loaded, sources, ideas, scores, chosen, account, baseline, scenarios)
    metrics = dict(result.metrics) | {"checks": {
        "kernel_verification": "; ".join(note.text for note in notes),
        "kernel_fills_compared": sum(note.n_fills for note in notes)}}
    return replace(result, metrics=metrics)


def account_market(sources: IdeaSources, first_row: int) -> AccountMarket:
    """Return the bars from the first decision on, and the lines that need the bars before it.

    first_row : of the first judged idea; an account that waits for years has no honest Sharpe ratio.
    """
    bars = sources.market.bars
    features = compute_features(bars, KNOWN_LINES.values())
    known = {line: features[feature][first_row:] for line, feature in KNOWN_LINES.items()}
    return AccountMarket(bars.between(bars.sessions[first_row]), sources.closes[first_row:], known, first_row)


def _checked(
    name: str, run: AccountRun, market: AccountMarket, settings: Settings, progress: Progress
) -> Verification:
    check_ledgers(name, run.ledgers, market.bars, settings)
    note = verified(run.ledgers, market.bars, run.panel, settings, run.known, progress)
    return replace(note, strategy=name)
