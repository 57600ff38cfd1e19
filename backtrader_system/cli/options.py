"""Options of the command lines as settings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import date


def overrides(options: Mapping[str, object], last: Sequence[str]) -> list[str]:
    """Return options as `section.key=value`, those that were not given (None) left out, and `last` after them.

    Examples
    --------
    >>> overrides({"universe.symbols": ["ON"], "backtest.end_date": None}, ["sizer.type=kelly"])
    ['universe.symbols=["ON"]', 'sizer.type=kelly']
    """
    # JSON is YAML, and keeps symbols such as ON or 1398 text.
    return [*(f"{key}={json.dumps(value)}" for key, value in options.items() if value is not None), *last]


def period(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the settings of --start-date and --end-date."""
    return {f"backtest.{name}": getattr(arguments, name) and getattr(arguments, name).isoformat()
            for name in ("start_date", "end_date")}


def bars_from(prices: str | None) -> dict[str, object]:
    """Return the settings of --prices."""
    return {"data.source": prices and "files", "data.path": prices}


def day(text: str) -> date:
    """Return the date of an argument, for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as YYYY-MM-DD") from error
