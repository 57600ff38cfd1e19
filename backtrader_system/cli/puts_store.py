"""Commands around the store of collected put options: collect, check."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from backtrader_system.cli.options import day
from backtrader_system.cli.outcome import DONE, USER_ERROR


def add_collect(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command `collect`, whose `action` takes the parsed arguments and returns an exit code."""
    parser = _command(subparsers, "collect", "take a day's files into the store; safe to repeat", _collect)
    parser.description = (
        "Take a day's files into the store; safe to repeat. Then record outcomes of what has expired, and the scores "
        "of the day. Of several folders only the newest day is scored: scores that nobody saw in time prove nothing. "
        "If a folder cannot be taken, what was taken before it is recorded, and the command fails.")
    parser.add_argument("--files", nargs="+", type=Path, required=True, dest="folders", metavar="FOLDER",
                        help="folders, each with one day of data.csv, probability_history.csv, stock_data.csv, ...")
    parser.add_argument("--date", type=day, metavar="YYYY-MM-DD",
                        help="day of the files (default: what DaysToExpiry and ExpiryDate of data.csv tell)")
    parser.add_argument("-c", "--config", default="put_collected.yaml", metavar="NAME",
                        help="whose weights and rules score the day (default: put_collected.yaml)")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE",
                        help="any other setting of the scores")
    return parser


def add_check(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command `check`, whose `action` takes the parsed arguments and returns an exit code."""
    parser = _command(subparsers, "check", "list missing days, overdue outcomes, changed columns and damage", _check)
    parser.description = (
        "List missing days, overdue outcomes, changed columns and damage. Exit code 1 if somebody must act: a trading "
        "day is missing, an outcome is not known 24 hours after the expiry, or the store is damaged; other warnings "
        "leave it at 0.")
    parser.add_argument("--since", type=day, default=date.min, metavar="YYYY-MM-DD",
                        help="leave out missing days and overdue outcomes from before that day: lost, and known to be")
    parser.add_argument("--calendar", default="XSTO", metavar="NAME", help="whose sessions must be there (XSTO)")
    return parser


def _command(subparsers: argparse._SubParsersAction, name: str, words: str, action) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="folder of the store")
    parser.add_argument("-v", "--verbose", action="store_true", help="show log messages, and tracebacks of errors")
    parser.set_defaults(action=action)
    return parser


def _collect(arguments: argparse.Namespace) -> int:
    from backtrader_system.errors import BacktraderSystemError, SettingsError
    from backtrader_system.puts.store.collecting import collect

    if arguments.date is not None and len(arguments.folders) > 1:
        raise SettingsError("--date names one day, but several folders were given; collect them one by one")
    is_stored = False
    try:
        for folder in arguments.folders:
            report = collect(folder, arguments.store, snapshot_date=arguments.date, now=datetime.now(UTC))
            print("\n".join(report.lines()), flush=True)
            is_stored = True
    except BacktraderSystemError:
        # Days that were taken must not lose their scores: tomorrow nobody would believe them.
        if is_stored:
            print("\n".join(_recorded(arguments)), flush=True)
        raise
    # Once, after the last of them: only the newest day is scored, as nobody saw the scores of the others in time.
    print("\n".join(_recorded(arguments)), flush=True)
    return DONE


def _recorded(arguments: argparse.Namespace) -> tuple[str, ...]:
    from backtrader_system.cli.options import overrides
    from backtrader_system.settings.loading import load_settings
    from backtrader_system.systems.put_recommendations.recording import record_day

    given = overrides({"puts.source": "collected", "puts.collected": str(arguments.store)}, arguments.overrides)
    return record_day(arguments.store, load_settings(arguments.config, given).settings, datetime.now(UTC))


def _check(arguments: argparse.Namespace) -> int:
    from backtrader_system.puts.store.checks import check_store, needs_action

    issues = check_store(arguments.store, now=datetime.now(UTC), calendar=arguments.calendar, since=arguments.since)
    for issue in issues:
        print(f"{issue.severity}: {issue.rule} ({issue.count:,}): {issue.example}; {issue.advice}")
    if not issues:
        print("nothing odd")
    return USER_ERROR if needs_action(issues) else DONE
