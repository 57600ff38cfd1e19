"""The command line: arguments, exit codes, and what a user sees when something is wrong.

Only light modules are imported here; pandas, pydantic and the rest are loaded after the arguments are read, so that
`--help` answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from importlib import import_module
from pathlib import Path

from backtrader_system.errors import BacktraderSystemError

PROGRAM = "backtest_runner.py"
DONE, USER_ERROR, BROKEN_PIPE = 0, 1, 141     # 2 is argparse's, 3 ReconciliationError's

# One entry per system: where its story is told. Imported only when it runs.
SYSTEMS = {"ml_trading": ("backtrader_system.systems.ml_trading", "run_ml_trading")}

EXAMPLES = """examples:
  python backtest_runner.py --config sample.yaml       simulated market, no network
  python backtest_runner.py                            20 US stocks from Yahoo, one year
  python backtest_runner.py --symbols AAPL MSFT --set sizer.type=equal_weight

exit codes: 0 done, 1 something you can mend or Ctrl-C, 2 wrong usage, 3 ledgers do not reconcile"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    argv : arguments without the program's name; None takes those of the process.
    Raises: SystemExit by argparse, 0 after --help and 2 after wrong usage.
    """
    _never_fail_to_print()
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = parser().parse_args(given)
    try:
        code = _run(arguments, given)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _complain("interrupted; a run folder that was begun stays marked incomplete", USER_ERROR)
    except BrokenPipeError:
        # The reader of our output is gone; without this, Python complains once more when it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except BacktraderSystemError as error:
        return _complain(f"error: {error}", error.exit_code, with_traceback=arguments.verbose)
    except Exception as error:
        return _complain(_unexpected(error), USER_ERROR, with_traceback=arguments.verbose)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all options."""
    result = argparse.ArgumentParser(
        prog=PROGRAM, description="Run the backtest that a YAML config describes.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    add = result.add_argument
    add("-c", "--config", metavar="NAME", help="a path, or a name in config/ (default: backtest_config.yaml)")
    add("-o", "--output-dir", type=Path, metavar="DIR", help="where the run folder goes (default: output.results_dir)")
    add("--symbols", nargs="+", metavar="SYMBOL", help="trade these instead of the config's universe")
    add("--start-date", type=_day, metavar="YYYY-MM-DD", help="first day of the backtest")
    add("--end-date", type=_day, metavar="YYYY-MM-DD", help="last day of the backtest, included")
    add("--initial-capital", type=float, metavar="DOLLARS", help="cash at the start")
    add("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE",
        help="any other setting, as strategy.signal_threshold=0.3; may be repeated, wins over the options above")
    add("-v", "--verbose", action="store_true", help="show log messages, and tracebacks of errors")
    add("--version", action="store_true", help="show the version and exit")
    return result


def overrides_of(arguments: argparse.Namespace) -> list[str]:
    """Return all overrides as `section.key=value`, those of `--set` last."""
    options = {
        "universe.symbols": arguments.symbols,
        "backtest.start_date": arguments.start_date and arguments.start_date.isoformat(),
        "backtest.end_date": arguments.end_date and arguments.end_date.isoformat(),
        "backtest.initial_capital": arguments.initial_capital,
    }
    # JSON is YAML, and keeps symbols such as ON or 1398 text.
    given = [f"{key}={json.dumps(value)}" for key, value in options.items() if value is not None]
    return given + arguments.overrides


def _run(arguments: argparse.Namespace, given: list[str]) -> int:
    if arguments.version:
        from backtrader_system import __version__

        print(f"backtrader-system {__version__}")
        return DONE
    if arguments.verbose:
        _show_log()
    from backtrader_system.settings.loading import load_settings

    loaded = load_settings(arguments.config, overrides_of(arguments))
    from backtrader_system.cli.progress_bar import ProgressBar
    from backtrader_system.reports.console import print_header, print_summary

    print_header(loaded, loaded.settings.data.source == "simulated")
    module, function = SYSTEMS[loaded.settings.system]
    run = getattr(import_module(module), function)
    with ProgressBar() as progress:
        result = run(loaded, arguments.output_dir, progress, command=[PROGRAM, *given])
    print_summary(result, already_shown=loaded.warnings)
    return DONE


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as YYYY-MM-DD") from error


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
