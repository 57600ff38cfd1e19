"""Compilation by numba, cached on disk under a key that covers every source a compiled run depends on."""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from backtrader_system.engine import exit_rules, fees, lots, matching, protection, sizing, slippage, splits

ENGINE = Path(__file__).resolve().parents[1]
# Plain functions that the event engine calls as they are; here they become callable from compiled code.
SHARED_RULES = (
    exit_rules.decide_exit, exit_rules.share_for_sell_signal, exit_rules.takes_profit, exit_rules.has_decayed,
    fees.order_commission, lots.shares_in_lots, lots.shares_of_lots, lots.whole_lots, lots.shares_within_volume,
    lots.shares_to_sell, matching.fill_at_open, matching.fill_after_open,
    protection.stop_level, protection.target_level, protection.nearer_distance, protection.trailing_level,
    protection.trailing_anchor, sizing.kelly_fraction, sizing.shrunk_statistics, sizing.shrunk_mean,
    sizing.kelly_share, sizing.has_record, sizing.position_cap, sizing.allowed_dollars, sizing.target_fraction,
    sizing.share_of_cash, sizing.scaled_wish, sizing.scale_to_floor,
    slippage.slippage_per_share, slippage.impact_of_size, slippage.estimates_from_bars,
    splits.scaled_shares,
)
for _rule in SHARED_RULES:
    register_jitable(_rule)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` compiled for the calls of other compiled functions.

    Without the wrappers that Python would need to call it, a quarter of the time that compiling takes. Without
    counting references to the arrays it is handed, which takes ten times as long as the work itself: arrays belong to
    the entry's caller. Put into its callers, because handing on the arrays takes as long as the work.
    A function that makes lists or arrays of its own needs `compiled_allocating`.
    """
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False, forceinline=True)(function)


def compiled_allocating(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` as `compiled` does, with memory management."""
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=True)(function)


def compiled_entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` compiled for calls from Python, without the interpreter's lock, and kept on disk.

    What it calls is compiled into it, and numba does not notice when such a callee changes in another file. So the
    folder is named by the contents of all sources.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        return numba.njit(nogil=True, cache=True)(function)
    finally:
        numba.config.CACHE_DIR = before


@cache
def cache_folder() -> Path:
    """Return the folder of compiled code: in the package, else in the user's cache, else in a temporary folder.

    `NUMBA_CACHE_DIR` wins where it is set.
    """
    key = cache_key(rule_sources())
    for base in _places():
        folder = base / key
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    return Path(tempfile.mkdtemp(prefix="backtrader-system-")) / key


def is_compiled() -> bool:
    """Return whether compiled code lies ready; without it the first call takes some ten seconds."""
    return any(cache_folder().rglob("simulation.*.nbi"))


def rule_sources() -> list[Path]:
    """Return the source files that compiled code is made from: the shared rules and the kernel itself."""
    rules = {Path(module.__file__) for module in (
        exit_rules, fees, lots, matching, protection, sizing, slippage, splits)}
    return sorted(rules | set((ENGINE / "kernel").glob("*.py")))


def cache_key(sources: Iterable[Path]) -> str:
    """Return a key of these files' contents and of the versions that turn them into machine code."""
    digest = hashlib.sha256()
    for version in (platform.python_version(), numba.__version__, np.__version__):
        digest.update(version.encode())
    for path in sources:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _places() -> list[Path]:
    if numba.config.CACHE_DIR:
        return [Path(numba.config.CACHE_DIR)]
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [ENGINE / "kernel" / "__pycache__", Path(home) / "backtrader-system"]
