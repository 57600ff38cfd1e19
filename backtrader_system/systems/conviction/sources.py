"""Where the ideas and their bars come from: signals of a file, or simulated ones, and the market around them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError, SettingsError
from backtrader_system.market_data.calendar import session_close_instant
from backtrader_system.market_data.load import Market, load_market
from backtrader_system.market_data.period import covered_period
from backtrader_system.progress import Progress
from backtrader_system.settings.data import ALWAYS_OPEN, DataSettings
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.history import SignalHistory
from backtrader_system.signals.conviction.reading.read_signals import read_signals
from backtrader_system.signals.conviction.simulated.signals import simulate_signals

# Sessions that the last outcome may need beyond its calendar days: an entry that waits, a market that is closed.
SLACK_DAYS = 10
FRIDAY = 4
YAHOO_SUFFIX = "-USD"       # how Yahoo names the dollar price of a coin


@dataclass(frozen=True, slots=True)
class IdeaSources:
    """Signals and bars of one run.

    settings : those of the run, with the period and the symbols that follow from the signals.
    closes : the instant at which each session of the bars closes. symbols : symbol of the bars of every signal, in the
        order of `history.signals`. first_session : signals decided before it may train a model and are not judged.
    """

    settings: Settings
    history: SignalHistory
    market: Market
    closes: pd.DatetimeIndex
    symbols: pd.Series
    first_session: pd.Timestamp


def read_sources(settings: Settings, progress: Progress, *, now: datetime | None = None) -> IdeaSources:
    """Return the signals that the settings name, or simulated ones, and the bars around them.

    now : the present instant; later signals are excluded.
    Raises: DataError if a file cannot be used or no signal has bars; SettingsError as `load_market`.
    """
    if settings.conviction.signals is None:
        return _simulated(settings, progress)
    progress.say(f"Reading signals from {settings.conviction.signals}")
    history = read_signals(settings.conviction.signals, now=now or datetime.now(UTC))
    history = with_asset_types(history, settings.data)
    symbols = symbols_of(history.signals, settings)
    if settings.universe.symbols is None:
        universe = settings.universe.model_copy(update={"symbols": tuple(sorted(set(symbols)))})
        settings = settings.model_copy(update={"universe": universe})
    settings, first_day = _with_period(settings, history.signals["signal_time"])
    market = load_market(settings, progress=progress)
    _check_calendar(market, settings)
    closes = session_close_instant(settings.data.calendar, market.bars.sessions)
    first = market.bars.sessions.searchsorted(pd.Timestamp(first_day))
    first_session = market.bars.sessions[min(first, len(market.bars.sessions) - 1)]
    return IdeaSources(settings, history, market, closes, symbols, first_session)


def _check_calendar(market: Market, settings: Settings) -> None:
    sessions = market.bars.sessions
    if settings.data.calendar == ALWAYS_OPEN and len(sessions) > 14 and not (sessions.dayofweek > FRIDAY).any():
        raise SettingsError(
            f"data.calendar is 24/7, but none of the {len(sessions):,} sessions of the bars is a Saturday or Sunday: "
            "ratios would be annualised by 365 days. Set data.calendar to that of the exchange, as XNYS")


def with_asset_types(history: SignalHistory, data: DataSettings) -> SignalHistory:
    """Return the history with an asset type for every signal; an unknown one follows from the calendar."""
    assumed = "crypto" if data.calendar == ALWAYS_OPEN else "stock"
    kinds = history.signals["asset_type"]
    signals = history.signals.assign(asset_type=kinds.where(kinds != "", assumed))
    return SignalHistory(signals, history.revisions, history.issues, history.is_simulated)


def symbols_of(signals: pd.DataFrame, settings: Settings) -> pd.Series:
    """Return the symbol of the bars of each signal: `conviction.symbols`, else its ticker, a coin's with its suffix."""
    suffix = settings.conviction.coin_suffix
    if suffix is None:
        suffix = YAHOO_SUFFIX if settings.data.source == "yahoo" else ""
    has_suffix = signals["ticker"].str.endswith(suffix)
    is_coin = (signals["asset_type"] == "crypto") & ~has_suffix
    usual = signals["ticker"].where(~is_coin, signals["ticker"] + suffix)
    return signals["ticker"].map(settings.conviction.symbols).fillna(usual).astype("str")


def _with_period(settings: Settings, signal_time: pd.Series) -> tuple[Settings, date]:
    """Return the settings with the period of the bars, and the first day that is judged.

    Without dates of the user: from the first signal to the last outcome in the data. Bars begin with the first signal
    even if start_date is later: what was known by then trains the models.
    """
    test, ideas = settings.backtest, settings.conviction
    horizon = max(*ideas.outcome_days, ideas.label_days, settings.strategy.exits.max_holding_calendar_days or 0)
    start, end = test.start_date, test.end_date
    first, last = signal_time.min().date(), signal_time.max().date() + timedelta(days=horizon + SLACK_DAYS)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    covered = covered_period(settings.data, settings.universe.symbols) or (date.min, yesterday)
    earliest, end = max(first, covered[0]), end or min(last, covered[1])
    start = start or earliest
    if min(start, earliest) > end:
        raise DataError(
            f"no bars around the signals: they are from {first} to {signal_time.max().date()}, the bars from "
            f"{covered[0]} to {covered[1]}; check the dates of both files")
    period = test.model_copy(update={"start_date": min(start, earliest), "end_date": end})
    return settings.model_copy(update={"backtest": period}), start


def _simulated(settings: Settings, progress: Progress) -> IdeaSources:
    test = settings.backtest
    if test.start_date is None or test.end_date is None:
        covered = covered_period(settings.data, settings.universe.symbols) or (date(2023, 1, 1), date(2024, 12, 31))
        warm = covered[0] + timedelta(days=settings.data.warmup_sessions)
        test = test.model_copy(update={
            "start_date": test.start_date or min(warm, covered[1]), "end_date": test.end_date or covered[1]})
        settings = settings.model_copy(update={"backtest": test})
    market = load_market(settings, progress=progress)
    progress.say(f"Inventing {settings.conviction.simulated.n_signals:,} signals")
    return invented(settings, market, session_close_instant(settings.data.calendar, market.bars.sessions))


def invented(settings: Settings, market: Market, closes: pd.DatetimeIndex) -> IdeaSources:
    """Return simulated signals over a market; sessions before its first one carry none."""
    ideas, exits = settings.conviction, settings.strategy.exits
    history = simulate_signals(
        market.bars, closes, ideas.simulated, label_days=ideas.label_days, label_gain=exits.take_profit_fraction,
        stop=exits.stop_loss_fraction, is_usable=np.asarray(market.bars.sessions >= market.first_session))
    history = with_asset_types(history, settings.data)
    return IdeaSources(settings, history, market, closes, history.signals["ticker"], market.first_session)
