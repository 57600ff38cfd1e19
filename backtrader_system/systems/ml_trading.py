"""The story of one `ml_trading` run: data, signals, backtest, checks, report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from backtrader_system.engine.backtest import Ledgers, run_backtest
from backtrader_system.engine.extensions import check_parameters, load_analyzer, load_strategy, unread_exits
from backtrader_system.engine.kernel.verifying import Verification
from backtrader_system.engine.signal_ledger import signal_ledger
from backtrader_system.market_data.load import Market, load_market
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.metrics.performance import performance_metrics
from backtrader_system.models.ml_signals import MlScores, score_market
from backtrader_system.progress import Progress, Silent
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_folder import Clock, open_run_folder
from backtrader_system.reports.write_run import write_run
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.trading import SizerSettings
from backtrader_system.signals.features import check_feature_names, compute_features
from backtrader_system.systems.checks import check_ledgers, verified
from backtrader_system.systems.stages import Stages

BASELINE = "buy_and_hold"
# Lines that feeds carry beside scores, and the feature that fills each; warm-up bars count.
KNOWN_LINES = {"atr": "atr_14", "daily_volatility": "volatility_20d", "average_volume": "average_volume_20d"}


def run_ml_trading(
    loaded: LoadedSettings, output_dir: Path | str | None = None, progress: Progress | None = None, *,
    clock: Clock = datetime.now, command: Sequence[str] = (),
) -> RunResult:
    """Run the system and store the run in a new folder under `output_dir` (default: `output.results_dir`).

    Raises: any BacktraderSystemError; ReconciliationError if the ledgers do not agree with an independent replay.
    Until the data are loaded and checked nothing is written; from then on an interrupted run leaves a folder that is
    marked incomplete.
    """
    progress, stages = progress or Silent(), Stages()
    settings = loaded.settings
    check_extensions(settings)
    with stages.timed("data"):
        market = load_market(settings, progress=progress)
    with open_run_folder(output_dir or settings.output.results_dir, loaded.name, clock=clock) as folder:
        result = _backtest(loaded, market, progress, stages)
        with stages.timed("report"):
            return write_run(result, folder.path, folder.timestamp, timings=stages.seconds, command=command)


def backtest_ml_trading(loaded: LoadedSettings, progress: Progress | None = None) -> RunResult:
    """Run the system and return its result without storing anything."""
    progress, stages = progress or Silent(), Stages()
    check_extensions(loaded.settings)
    return _backtest(loaded, load_market(loaded.settings, progress=progress), progress, stages)


def check_extensions(settings: Settings) -> None:
    """Raise an error for a strategy, parameter, analyzer or feature that does not exist, before any work is done."""
    check_feature_names(settings.ml_config.feature_columns)
    check_parameters(load_strategy(settings.strategy.name), settings.strategy.params)
    for name in settings.analyzers:
        load_analyzer(name)


def _backtest(loaded: LoadedSettings, market: Market, progress: Progress, stages: Stages) -> RunResult:
    settings = loaded.settings
    with stages.timed("signals"):
        scores = score_market(market.bars, settings, first_session=market.first_session, progress=progress)
        features = compute_features(market.bars, KNOWN_LINES.values())
    bars = market.bars.between(market.first_session)
    known = {line: features[feature][-len(bars.sessions):] for line, feature in KNOWN_LINES.items()}
    panel = scores.scored.between(market.first_session)
    with stages.timed("backtest"):
        traded = run_backtest(bars, panel, settings, known=known, progress=progress)
        baseline = run_backtest(bars, None, _baseline_settings(settings), known=known, strategy_name=BASELINE)
    with stages.timed("checks"):
        for name, ledgers in {settings.strategy.name: traded, BASELINE: baseline}.items():
            check_ledgers(name, ledgers, bars, settings)
        verifications = (
            verified(traded, bars, panel, settings, known, progress),
            verified(baseline, bars, None, _baseline_settings(settings), known, progress),
        )
    return _result(loaded, market, bars, scores, traded, baseline, verifications)


def _baseline_settings(settings: Settings) -> Settings:
    """Return settings for the baseline: same costs and capital, nothing that belongs to the strategy under test."""
    strategy = settings.strategy.model_copy(update={"name": BASELINE, "params": {}})
    sizer = SizerSettings(lot_size=settings.sizer.lot_size)
    return settings.model_copy(update={"strategy": strategy, "sizer": sizer, "analyzers": ()})


def _result(
    loaded: LoadedSettings, market: Market, bars: BarPanel, scores: MlScores, traded: Ledgers, baseline: Ledgers,
    verifications: tuple[Verification, ...],
) -> RunResult:
    settings = loaded.settings
    source = "ml" if settings.ml_config.enabled else "rules"
    table = scores.scored.between(market.first_session).to_table(source)
    signals = signal_ledger(
        table, traded.orders, traded.skipped, bars, settings.ml_config.strength_horizon_sessions)
    metrics = performance_metrics(
        traded.equity, traded.trades, traded.orders, baseline_equity=baseline.equity, evidence=settings.evidence,
        periods_per_year=settings.data.periods_per_year)
    metrics["ml"] = scores.quality
    metrics["checks"] = {
        "kernel_verification": "; ".join(verification.text for verification in verifications),
        "kernel_fills_compared": sum(verification.n_fills for verification in verifications),
    }
    return RunResult(
        settings=settings, name=loaded.name, equity=traded.equity, trades=traded.trades, orders=traded.orders,
        signals=signals, actions=traded.actions, baseline_equity=baseline.equity, predictions=scores.predictions,
        metrics=metrics, data_report=market.report, analyzers=traded.analyzers,
        warnings=(*loaded.warnings, *scores.quality.get("warnings", ()), *_skipped_symbols(bars),
                  *unread_exits(load_strategy(settings.strategy.name), settings)),
    )


def _skipped_symbols(bars: BarPanel) -> tuple[str, ...]:
    silent = [symbol for symbol, has in zip(bars.symbols, np.any(bars.has_bar, axis=0), strict=True) if not has]
    return (f"no bar in the period of the backtest: {', '.join(silent)}",) if silent else ()
