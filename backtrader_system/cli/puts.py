"""Commands around recommended puts: universe, outcomes, support, scores, analyze, optimize, collect, check."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from backtrader_system.cli.options import bars_from, day, overrides, period
from backtrader_system.cli.outcome import DONE, ended
from backtrader_system.cli.puts_store import add_check, add_collect

PROGRAM = "python -m backtrader_system puts"
EXAMPLES = """examples:
  python -m backtrader_system puts scores --config put_recommendations_sample.yaml --output results/puts
  python -m backtrader_system puts outcomes --chain quotes.parquet --output results/puts
  python -m backtrader_system puts analyze --rows results/puts/evidence_rows.csv --output results/puts
  python -m backtrader_system puts collect --files today/ --store store/        every evening, by cron
  python -m backtrader_system puts check --store store/

Each step reads what the config names and computes what it needs, so any of them can be run alone;
`python backtest_runner.py --config put_recommendations.yaml` runs all of them, sells the puts and writes the report.
exit codes: 0 done, 1 something you can mend or Ctrl-C, 2 wrong usage"""

STEPS = {
    "universe": "list every contract with its first and last day seen",
    "outcomes": "follow every contract to its expiry: worthless, in the money or unknown",
    "support": "compute the support level of every underlying, day by day",
    "scores": "score every option, day by day, and once for judging",
    "analyze": "ask whether the score tells which puts expire worthless",
    "optimize": "search all weights of the six factors",
}
TAKES_ROWS = ("analyze", "optimize")


def main(argv: Sequence[str]) -> int:
    """Run one of the commands and return its exit code."""
    arguments = parser().parse_args(argv)
    return ended(lambda: arguments.action(arguments), verbose=arguments.verbose)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    result = argparse.ArgumentParser(
        prog=PROGRAM, description="Score puts, follow them to expiry, judge the score, keep what is quoted every day.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = result.add_subparsers(required=True, metavar="COMMAND")
    for name, words in STEPS.items():
        step = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
        _add_options(step, takes_rows=name in TAKES_ROWS)
        step.set_defaults(action=_run, step=name, rows=None)
    add_collect(commands)
    add_check(commands)
    return result


def _add_options(parser: argparse.ArgumentParser, *, takes_rows: bool) -> None:
    add = parser.add_argument
    add("-c", "--config", metavar="NAME", help="a config (default: put_recommendations.yaml, with --chain put_chain)")
    add("--chain", metavar="FILE", help="quotes of options, Parquet or CSV (default: a made-up chain over the bars)")
    add("--prices", metavar="PATH", help="bars of the underlyings: a file or a folder (default: as the config says)")
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="where the tables go")
    add("--symbols", nargs="+", metavar="SYMBOL", help="these underlyings only")
    add("--start-date", type=day, metavar="YYYY-MM-DD", help="first day on which options are judged")
    add("--end-date", type=day, metavar="YYYY-MM-DD", help="last day, included")
    add("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE", help="any other setting")
    add("-v", "--verbose", action="store_true", help="show log messages, and tracebacks of errors")
    if takes_rows:
        parser.add_argument("--rows", type=Path, metavar="FILE",
                            help="judge these options instead: an evidence_rows.csv, of `scores` or your own")


def config_of(arguments: argparse.Namespace) -> str:
    """Return the config to read."""
    return arguments.config or ("put_chain.yaml" if arguments.chain else "put_recommendations.yaml")


def overrides_of(arguments: argparse.Namespace) -> list[str]:
    """Return the options as overrides, those of --set last."""
    chain: Mapping[str, object] = {}
    if arguments.chain:
        chain = {"puts.source": "chain", "puts.chain": arguments.chain,
                 "puts.underlying_prices": "bars" if arguments.prices else None}
    return overrides({**chain, **bars_from(arguments.prices), "universe.symbols": arguments.symbols,
                      **period(arguments)}, arguments.overrides)


def _run(arguments: argparse.Namespace) -> int:
    from backtrader_system.cli.progress_bar import ProgressBar
    from backtrader_system.settings.loading import load_settings
    from backtrader_system.systems.put_recommendations.steps import run_step, write_tables

    loaded = load_settings(config_of(arguments), overrides_of(arguments))
    for warning in loaded.warnings:
        print(f"Warning: {warning}")
    with ProgressBar() as progress:
        found = run_step(arguments.step, loaded, progress, rows_file=arguments.rows)
    for path, table in write_tables(found.tables, arguments.output):
        print(f"{len(table):>9,} rows  {path}")
    for line in found.lines:
        print(line)
    return DONE
