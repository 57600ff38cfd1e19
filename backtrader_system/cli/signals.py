"""Commands around the signal store: add, import, label, check, update."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from backtrader_system.cli.conviction import market_options, overrides_of
from backtrader_system.cli.outcome import DONE, USER_ERROR, ended
from backtrader_system.errors import BacktraderSystemError

if TYPE_CHECKING:
    from backtrader_system.signals.conviction.issues import SignalIssue

SHOWN_PER_RULE = 10
PROGRAM = "python -m backtrader_system signals"
EXAMPLES = """examples:
  python -m backtrader_system signals import --store signals.db old_signals.csv
  python -m backtrader_system signals add --store signals.db ticker=TAO signal_time=2026-02-06T14:00Z \\
      source=Yieldschool-Dan message="accumulating TAO" total_reactions=67
  python -m backtrader_system signals update --store signals.db --import scraped.jsonl     every day, by cron
  python -m backtrader_system signals check --store signals.db

A store keeps every signal ever seen, bought or not, and every change of it; nothing in it can be rewritten.
exit codes: 0 done, 1 something you can mend or Ctrl-C, 2 wrong usage"""


def main(argv: Sequence[str]) -> int:
    """Run one of the commands and return its exit code."""
    arguments = parser().parse_args(argv)
    return ended(lambda: arguments.action(arguments), verbose=arguments.verbose)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    result = argparse.ArgumentParser(
        prog=PROGRAM, description="Keep signals with all that was known of them, and what became of them.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = result.add_subparsers(required=True, metavar="COMMAND")
    add = _command(commands, "add", "add one signal, or what changed about one", _add)
    add.add_argument("fields", nargs="+", metavar="FIELD=VALUE", help="at least ticker and signal_time")
    importing = _command(commands, "import", "add the signals of files", _import)
    importing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CSV, JSON lines or another store")
    label = _command(commands, "label", "compute outcomes from bars", _label, has_market=True)
    label.set_defaults(files=[])
    _command(commands, "check", "list edits, gaps, overdue outcomes and damage", _check)
    update = _command(commands, "update", "import, fetch prices, label what matured; safe to repeat", _update,
                      has_market=True)
    update.add_argument("--import", nargs="+", type=Path, default=[], dest="files", metavar="FILE",
                        help="files to import first")
    return result


def _command(commands, name: str, words: str, action, *, has_market: bool = False) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
    parser.add_argument("--store", type=Path, required=True, metavar="FILE", help="the signal store (SQLite)")
    if has_market:
        market_options(parser)
    else:
        parser.add_argument("-v", "--verbose", action="store_true", help="show log messages, and tracebacks of errors")
    parser.set_defaults(action=action)
    return parser


def _add(arguments: argparse.Namespace) -> int:
    from backtrader_system.errors import DataError
    from backtrader_system.signals.conviction.store.importing import add_signal
    from backtrader_system.signals.conviction.store.store import open_store

    wrong = [text for text in arguments.fields if "=" not in text]
    if wrong:
        raise DataError("fields are written as name=value", faults=wrong)
    values = dict(text.split("=", 1) for text in arguments.fields)
    with open_store(arguments.store) as store:
        _print(add_signal(store, values, recorded_at=datetime.now(UTC)).lines())
    return DONE


def _import(arguments: argparse.Namespace) -> int:
    from backtrader_system.systems.conviction.labelling import import_files

    for file, report in import_files(arguments.store, arguments.files):
        print(f"{file}:")
        _print(report.lines())
    return DONE


def _label(arguments: argparse.Namespace) -> int:
    from backtrader_system.cli.progress_bar import ProgressBar
    from backtrader_system.systems.conviction.labelling import label_store

    with ProgressBar() as progress:
        report = label_store(arguments.store, arguments.config, overrides_of(arguments), progress=progress)
    _print(report.lines())
    return DONE


def _check(arguments: argparse.Namespace) -> int:
    from backtrader_system.signals.conviction.issues import EXCLUDED
    from backtrader_system.signals.conviction.store.checks import check_store
    from backtrader_system.signals.conviction.store.store import open_store

    with open_store(arguments.store, must_exist=True) as store:
        issues = check_store(store, now=datetime.now(UTC))
        print(f"{store.count('signals'):,} signals, {store.count('revisions'):,} revisions, "
              f"{store.count('outcomes'):,} outcomes")
    _print([*_by_rule(issues)] or ["nothing odd"])
    return USER_ERROR if any(issue.severity == EXCLUDED for issue in issues) else DONE


def _by_rule(issues: Sequence[SignalIssue]) -> Iterator[str]:
    """Yield the issues rule by rule, a few of each."""
    for rule in dict.fromkeys(issue.rule for issue in issues):
        found = [issue for issue in issues if issue.rule == rule]
        yield from (f"{issue.severity}: {issue}" for issue in found[:SHOWN_PER_RULE])
        if len(found) > SHOWN_PER_RULE:
            yield f"... and {len(found) - SHOWN_PER_RULE:,} more of {rule}"


def _update(arguments: argparse.Namespace) -> int:
    if not arguments.files:
        return _label(arguments)
    _import(arguments)
    try:
        return _label(arguments)
    except BacktraderSystemError:
        print("The signals above are stored. Their outcomes could not be computed; `signals label` tries again.")
        raise


def _print(lines: Sequence[str]) -> None:
    print("\n".join(lines))
