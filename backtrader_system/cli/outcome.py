"""How every command ends: exit codes, and what a user sees when something is wrong."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from backtrader_system.errors import BacktraderSystemError

DONE, USER_ERROR, BROKEN_PIPE = 0, 1, 141     # 2 is argparse's, 3 ReconciliationError's


def ended(action: Callable[[], int], *, verbose: bool) -> int:
    """Run `action` and return its exit code; an error becomes one clear message, with a traceback only if `verbose`."""
    _never_fail_to_print()
    if verbose:
        _show_log()
    try:
        code = action()
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _complain("interrupted; a run folder that was begun stays marked incomplete", USER_ERROR)
    except BrokenPipeError:
        # The reader of our output is gone; without this, Python complains once more when it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except BacktraderSystemError as error:
        return _complain(f"error: {error}", error.exit_code, with_traceback=verbose)
    except Exception as error:
        return _complain(_unexpected(error), USER_ERROR, with_traceback=verbose)


def _never_fail_to_print() -> None:
    """Replace characters that the terminal's encoding lacks instead of stopping a finished run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _show_log() -> None:
    import logging

    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("backtrader_system").setLevel(logging.DEBUG)


def _unexpected(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("backtrader_system"):
        return (f"error: the package '{error.name}' is not installed; run `make backtest` once, or "
                "`python -m pip install -e .` in the project's folder")
    if isinstance(error, MemoryError):
        return "error: not enough memory; take fewer symbols, a shorter period or ml_config.workers=1"
    return (f"error: a bug in this program, not in your input: {type(error).__name__}: {error} "
            "(-v shows where); please report it")


def _complain(text: str, code: int, *, with_traceback: bool = False) -> int:
    if with_traceback:
        traceback.print_exc()
    print(text, file=sys.stderr)
    return code
