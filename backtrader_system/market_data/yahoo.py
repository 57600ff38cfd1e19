"""Daily bars from Yahoo, asked once and kept as an immutable snapshot.

Only this module imports yfinance, and only when Yahoo must be asked: a run whose snapshot exists is offline.
"""

from __future__ import annotations

import functools
import logging
import random
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from backtrader_system.errors import DataError, SettingsError, SourceUnavailableError
from backtrader_system.market_data.snapshot import Snapshot, find_snapshot, save_snapshot
from backtrader_system.market_data.yahoo_prices import adjusted_bars, traded_bars
from backtrader_system.progress import Progress
from backtrader_system.settings.data import DataSettings, YahooSettings

if TYPE_CHECKING:
    from curl_cffi.requests import Session

SOURCE = "yahoo"
_NAMES = {"Open": "open", "High": "high", "Low": "low", "Close": "close", "Adj Close": "adj_close",
          "Volume": "volume", "Dividends": "dividend", "Stock Splits": "split_ratio"}
_BARS = ["session", "symbol", "open", "high", "low", "close", "adj_close", "volume"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Connection:
    """How Yahoo is reached; tests replace all three.

    session : what yfinance sends its requests with; None lets it make its own.
    clock : the present instant, UTC. sleep : waits so many seconds.
    """

    session: Session | None = None
    clock: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep


class _NoSuchSymbol(Exception):
    """Yahoo answered that it has no bars of a symbol."""


class _Unanswered(Exception):
    """Yahoo refused for now (too many requests) or is down."""


# A server error arrives as a page that is not JSON (ValueError) or as JSON of another shape (lookup and type
# errors inside yfinance); timeouts and refused connections are OSError.
_FAILURES_THAT_MAY_PASS = (_Unanswered, OSError, ValueError, LookupError, TypeError, AttributeError)


def download_bars(
    symbols: Sequence[str], start: date, end: date, data: DataSettings, progress: Progress,
    *, connection: Connection | None = None,
) -> tuple[pd.DataFrame, str]:
    """Return the bars of `symbols` from `start` to `end`, both included, and the id of their snapshot.

    The newest snapshot that covers the request is used as it is; without one, or with `data.refresh`, Yahoo
    is asked and the answer becomes a new snapshot. `data.snapshot` names the one to use.
    Sessions of today (UTC) and later are left out: their bars are not final.
    Returns: columns session, symbol, open, high, low, close, volume, sorted by session and symbol; with
        `data.prices` raw also split_ratio and dividend.
    Raises: DataError naming every symbol that Yahoo does not have, unless `data.missing_symbols` leaves them out;
        SourceUnavailableError if Yahoo does not answer after all attempts. Nothing is stored in either case.
    """
    if data.snapshot is not None and data.refresh:
        raise SettingsError("data.snapshot asks for a stored snapshot and data.refresh for a new one; "
                            "remove one of them")
    connection = connection or Connection()
    wanted = sorted(set(symbols))
    end = min(end, connection.clock().date() - timedelta(days=1))
    if start > end:
        raise DataError(f"Yahoo has no final bars yet from {start} on; choose an earlier start date")
    found = None
    if not data.refresh:
        found = find_snapshot(data.snapshot_dir, SOURCE, wanted, start, end, data.snapshot)
    if found is None:
        found = _download(wanted, start, end, data, progress, connection)
    return _requested_bars(found, wanted, start, end, data.prices), found.id


def _requested_bars(
    snapshot: Snapshot, symbols: list[str], start: date, end: date, prices: str
) -> pd.DataFrame:
    tables = snapshot.read_tables()
    bars = tables["bars"]
    bars = bars[bars["symbol"].isin(symbols)]
    bars = adjusted_bars(bars) if prices == "adjusted" else traded_bars(bars, tables["actions"])
    bars = bars[bars["session"].between(pd.Timestamp(start), pd.Timestamp(end))]
    return bars.sort_values(["session", "symbol"], ignore_index=True)


def _download(
    symbols: list[str], start: date, end: date, data: DataSettings, progress: Progress, connection: Connection
) -> Snapshot:
    history = _ask_for_all(symbols, start, end, data, progress, connection)
    is_bar = history["session"] <= pd.Timestamp(end)
    is_action = (history["split_ratio"] != 1) | (history["dividend"] != 0)
    actions = history.loc[is_action, ["symbol", "session", "split_ratio", "dividend"]]
    tables = {"bars": history.loc[is_bar, _BARS].reset_index(drop=True),
              "actions": actions.rename(columns={"session": "ex_date"}).reset_index(drop=True)}
    key = {"source": SOURCE, "symbols": symbols, "start": start, "end": end, "interval": "1d"}
    meta = {"created_at": connection.clock().isoformat(), "asked_with": _yfinance_version()}
    identity = save_snapshot(data.snapshot_dir, key, tables, meta)
    # Read back what was stored, so that the first run computes with the same bytes as every later one.
    stored = find_snapshot(data.snapshot_dir, SOURCE, symbols, start, end, identity)
    if stored is None:
        raise DataError(f"{data.snapshot_dir}: snapshot {identity} vanished while it was stored; run again")
    return stored


def _ask_for_all(
    symbols: list[str], start: date, end: date, data: DataSettings, progress: Progress, connection: Connection
) -> pd.DataFrame:
    # Asked up to the present, because only splits known today explain the prices that Yahoo shows today.
    until = connection.clock().date() + timedelta(days=1)
    histories: list[pd.DataFrame] = []
    missing: list[str] = []
    with _outspoken_yfinance():
        for symbol in progress.track(symbols, "Asking Yahoo", len(symbols)):
            try:
                history = _ask(symbol, start, until, data.yahoo, connection)
                histories.append(_with_bars_until(history, symbol, end))
            except _NoSuchSymbol as answer:
                missing.append(f"{symbol}: {answer}")
    if missing and not (histories and data.missing_symbols == "leave_out"):
        raise DataError(
            f"Yahoo has no bars from {start} to {end} of {len(missing)} of {len(symbols)} symbols; correct "
            "or remove them (share classes are written with a hyphen, BRK-B; delisted symbols are gone)",
            faults=missing)
    return pd.concat(histories, ignore_index=True)


def _with_bars_until(history: pd.DataFrame, symbol: str, end: date) -> pd.DataFrame:
    if not (history["session"] <= pd.Timestamp(end)).any():
        raise _NoSuchSymbol(f"its first bar is of {history['session'].min().date()}")
    return history.assign(symbol=symbol)


def _ask(
    symbol: str, start: date, until: date, settings: YahooSettings, connection: Connection
) -> pd.DataFrame:
    """Return one symbol's history, asking again after failures that may pass."""
    for attempt in range(settings.attempts):
        if attempt > 0:
            # Many users behind one address must not come back in step, hence the jitter; no result depends
            # on it.
            connection.sleep(settings.backoff_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
        try:
            return _ask_once(symbol, start, until, settings.timeout_seconds, connection.session)
        except _FAILURES_THAT_MAY_PASS as error:
            failure = error
    raise SourceUnavailableError(
        f"Yahoo did not answer for {symbol} in {settings.attempts} attempts ({_in_one_line(failure)}). "
        "Nothing was stored. Check the network or try later; without a network, run with "
        "`--config sample.yaml` (simulated market) or use your own files with `data.source: files`"
    ) from failure


def _ask_once(
    symbol: str, start: date, until: date, timeout_seconds: float, session: Session | None
) -> pd.DataFrame:
    import yfinance
    from yfinance.data import YfData
    from yfinance.exceptions import YFException, YFTickerMissingError

    # yfinance caches answers about the past, error pages included: without this, asking again asks nobody.
    if hasattr(YfData.cache_get, "cache_clear"):
        YfData.cache_get.cache_clear()
    try:
        history = yfinance.Ticker(symbol, session=session).history(
            start=start.isoformat(), end=until.isoformat(), interval="1d", auto_adjust=False,
            back_adjust=False, actions=True, repair=False, keepna=False, prepost=False, rounding=False,
            timeout=timeout_seconds)
    except YFTickerMissingError as error:
        raise _NoSuchSymbol(error.rationale) from error
    except YFException as error:
        raise _Unanswered(str(error)) from error
    except OSError as error:
        if getattr(getattr(error, "response", None), "status_code", None) == 404:
            raise _NoSuchSymbol("not found") from error
        raise
    if history.empty or history["Close"].isna().all():
        raise _NoSuchSymbol("no prices")
    return _as_table(history)


def _as_table(history: pd.DataFrame) -> pd.DataFrame:
    """Return yfinance's table in our names; its index holds midnights of the exchange's time zone."""
    table = history[list(_NAMES)].rename(columns=_NAMES).astype(float)
    table["split_ratio"] = table["split_ratio"].where(table["split_ratio"] > 0, 1.0)
    session = pd.DatetimeIndex(history.index).tz_localize(None).normalize().as_unit("ns")
    return table.assign(session=session).reset_index(drop=True)


@contextmanager
def _outspoken_yfinance() -> Iterator[None]:
    """Make yfinance raise its errors and say nothing else; restore afterwards what it did before."""
    with warnings.catch_warnings():
        import yfinance

        # The import switches on deprecation warnings inside yfinance, which no user of ours can mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        yfinance.set_tz_cache_location(_cache_folder().name)
        logger, debug = logging.getLogger("yfinance"), yfinance.config.debug
        level, was_hiding = logger.level, debug.hide_exceptions
        logger.setLevel(logging.CRITICAL)
        debug.hide_exceptions = False
        try:
            yield
        finally:
            logger.setLevel(level)
            debug.hide_exceptions = was_hiding


@functools.cache
def _cache_folder() -> tempfile.TemporaryDirectory[str]:
    # yfinance keeps time zones and cookies in SQLite files in the home folder, which may be read-only or
    # shared. It holds them open, so their folder lives as long as the process.
    return tempfile.TemporaryDirectory(prefix="yfinance-", ignore_cleanup_errors=True)


def _yfinance_version() -> str:
    import yfinance

    return f"yfinance {yfinance.__version__}"


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"
