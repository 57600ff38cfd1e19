"""Which systems there are. Light, so that `--help` need not load any of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

# System -> where its story is told, what stores a run, what only returns it.
SYSTEMS: dict[str, tuple[str, str, str]] = {
    "ml_trading": ("backtrader_system.systems.ml_trading", "run_ml_trading", "backtest_ml_trading"),
    "conviction": ("backtrader_system.systems.conviction.story", "run_conviction", "backtest_conviction"),
    "put_recommendations": ("backtrader_system.systems.put_recommendations.story", "run_put_recommendations",
                            "backtest_put_recommendations"),
}


def storing(system: str) -> Callable[..., Any]:
    """Return the function that runs a system and stores the run."""
    module, name, _ = SYSTEMS[system]
    return getattr(import_module(module), name)


def in_memory(system: str) -> Callable[..., Any]:
    """Return the function that runs a system and writes nothing."""
    module, _, name = SYSTEMS[system]
    return getattr(import_module(module), name)
