"""Would these scores have paid, was it luck, and why does live differ?

    from backtrader_system import run, load_run
    result = run("sample.yaml")
    result.summary(); result.trades; result.plot_equity()
    same = load_run("results/latest")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backtrader_system.reports.load_run import load_run as load_run
    from backtrader_system.reports.result import RunResult as RunResult
    from backtrader_system.systems.entry import run as run

__version__ = "0.1.0"

# Loaded when first asked for, so that `import backtrader_system` and `--help` stay quick.
_PUBLIC = {
    "RunResult": "backtrader_system.reports.result",
    "load_run": "backtrader_system.reports.load_run",
    "run": "backtrader_system.systems.entry",
}
__all__ = ["RunResult", "load_run", "run"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'backtrader_system' has no attribute '{name}'; it has {', '.join(__all__)}")
    return getattr(import_module(_PUBLIC[name]), name)
