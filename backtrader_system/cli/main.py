"""The command line: which command runs, and the arguments of a backtest.

Only light modules are imported here; pandas, pydantic and the rest are loaded after the arguments are read, so that
`--help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from backtrader_system.cli.options import day, overrides, period
from backtrader_system.cli.outcome import DONE, ended
from backtrader_system.systems.registry import storing

if TYPE_CHECKING:
    from backtrader_system.reports.result import RunResult
    from backtrader_system.settings.loading import LoadedSettings

PROGRAM = "backtest_runner.py"

# Commands beside the backtest: `python -m backtrader_system NAME ...`.
COMMANDS = {
    "conviction": ("backtrader_system.cli.conviction", "main"),
    "puts": ("backtrader_system.cli.puts", "main"),
    "signals": ("backtrader_system.cli.signals", "main"),
}

EXAMPLES = """examples:
  python backtest_runner.py --config sample.yaml       simulated market, no network
  python backtest_runner.py                            20 US stocks from Yahoo, one year
  python backtest_runner.py --symbols AAPL MSFT --set sizer.type=equal_weight

exit codes: 0 done, 1 something you can mend or Ctrl-C, 2 wrong usage, 3 ledgers do not reconcile"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    argv : arguments without the program's name; None takes those of the process. A first word of `COMMANDS` is a
        command of its own; everything else runs a backtest.
    Raises: SystemExit by argparse, 0 after --help and 2 after wrong usage.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    if given and given[0] in COMMANDS:
        module, function = COMMANDS[given[0]]
        return getattr(import_module(module), function)(given[1:])
    arguments = parser().parse_args(given)
    return ended(lambda: _run(arguments, given), verbose=arguments.verbose)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all options."""
    result = argparse.ArgumentParser(
        prog=PROGRAM, description="Run the backtest that a YAML config describes.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    add = result.add_argument
    add("-c", "--config", metavar="NAME", help="a path, or a name in config/ (default: backtest_config.yaml)")
    add("-o", "--output-dir", type=Path, metavar="DIR", help="where the run folder goes (default: output.results_dir)")
    add("--symbols", nargs="+", metavar="SYMBOL", help="trade these instead of the config's universe")
    add("--start-date", type=day, metavar="YYYY-MM-DD", help="first day of the backtest")
    add("--end-date", type=day, metavar="YYYY-MM-DD", help="last day of the backtest, included")
    add("--initial-capital", type=float, metavar="DOLLARS", help="cash at the start")
    add("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE",
        help="any other setting, as strategy.signal_threshold=0.3; may be repeated, wins over the options above")
    add("-v", "--verbose", action="store_true", help="show log messages, and tracebacks of errors")
    add("--version", action="store_true", help="show the version and exit")
    return result


def overrides_of(arguments: argparse.Namespace) -> list[str]:
    """Return all overrides as `section.key=value`, those of `--set` last."""
    return overrides(
        {"universe.symbols": arguments.symbols, **period(arguments),
         "backtest.initial_capital": arguments.initial_capital}, arguments.overrides)


def _run(arguments: argparse.Namespace, given: list[str]) -> int:
    if arguments.version:
        from backtrader_system import __version__

        print(f"backtrader-system {__version__}")
        return DONE
    from backtrader_system.settings.loading import load_settings

    loaded = load_settings(arguments.config, overrides_of(arguments))
    print_and_run(loaded, arguments.output_dir, [PROGRAM, *given])
    return DONE


def print_and_run(loaded: LoadedSettings, output_dir: Path | None, command: Sequence[str]) -> RunResult:
    """Run what the settings describe, store it, print what runs and what came out, and return the result."""
    from backtrader_system.cli.progress_bar import ProgressBar
    from backtrader_system.reports.console import print_header, print_summary

    print_header(loaded, loaded.settings.data.source == "simulated")
    run = storing(loaded.settings.system)
    with ProgressBar() as progress:
        result = run(loaded, output_dir, progress, command=command)
    print_summary(result, already_shown=loaded.warnings)
    return result
