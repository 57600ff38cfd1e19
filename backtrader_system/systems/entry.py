"""Run a system from Python, as a notebook does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from backtrader_system.progress import Progress
from backtrader_system.reports.result import RunResult
from backtrader_system.settings.loading import load_settings
from backtrader_system.systems.registry import in_memory, storing


def run(
    config: str | Path | None = None, overrides: Mapping[str, object] | Sequence[str] = (), *,
    output_dir: str | Path | None = None, store: bool = True, progress: Progress | None = None,
) -> RunResult:
    """Run a configuration and return its result.

    config : a path, or a name in `config/`; None takes `backtest_config.yaml`.
    overrides : dotted keys, `{"backtest.initial_capital": 50_000}` or `["backtest.initial_capital=50000"]`.
    output_dir : where the run folder goes; None takes `output.results_dir`.
    store : False keeps everything in memory and writes nothing.
    Raises: BacktraderSystemError with a message for the user.
    """
    loaded = load_settings(config, overrides)
    system = loaded.settings.system
    return storing(system)(loaded, output_dir, progress) if store else in_memory(system)(loaded, progress)
