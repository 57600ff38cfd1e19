"""The period of a run whose signals, not its settings, say when it begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import exchange_timezone
from backtrader_system.market_data.files import covered_dates, open_bar_files
from backtrader_system.settings.data import DataSettings


def covered_period(data: DataSettings, symbols: Sequence[str] | None) -> tuple[date, date] | None:
    """Return the first and last session for which files hold any of `symbols`; None for sources that are asked.

    symbols : None takes all that the files hold. Symbols unknown to the files do not count.
    Raises: DataError if no file can be read or none holds any of the symbols.
    """
    if data.source != "files" or data.path is None:
        return None
    files = open_bar_files(data.path)
    held = {symbol for file in files for symbol in file.symbols}
    wanted = sorted(held if symbols is None else held & set(symbols))
    if not wanted:
        shown = ", ".join(sorted(symbols or ())[:10])
        raise DataError(f"{data.path}: holds no bar of any of {len(symbols or ())} symbols ({shown}); it has "
                        f"{', '.join(sorted(held)[:10])}. Add their bars, or map tickers to symbols")
    first, last = covered_dates(files, wanted, exchange_timezone(data.calendar))
    return first.date(), last.date()
