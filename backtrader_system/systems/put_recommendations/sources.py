"""Where the puts and the prices of their underlyings come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.market_data.load import load_market
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.market_data.quality import DataReport
from backtrader_system.progress import Progress
from backtrader_system.puts.assumed_spread import with_assumed_spread
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.chain_reading.read_chain import read_chain
from backtrader_system.puts.chain_reading.settlements import read_settlements
from backtrader_system.puts.chain_reading.underlying_bars import underlying_bars
from backtrader_system.puts.same_units import with_checked_units
from backtrader_system.puts.store.read_collected import read_collected
from backtrader_system.puts.synthetic_chain import synthetic_chain
from backtrader_system.settings.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class PutSources:
    """Chain and underlyings of one run.

    settings : those of the run, with the period that follows from the quotes. bars : of the underlyings, warm-up
        included; first_session : the first one on which options are judged. settlements, monthly, margins : tables of
        the files that give them, else None.
    """

    settings: Settings
    chain: OptionChain
    bars: BarPanel
    first_session: pd.Timestamp
    report: DataReport
    settlements: pd.DataFrame | None = None
    monthly: pd.DataFrame | None = None
    margins: pd.DataFrame | None = None

    @property
    def last_session(self) -> pd.Timestamp:
        return self.bars.sessions[-1]

    def exchange_sessions(self) -> pd.DatetimeIndex:
        """Return the sessions of the exchange from the first bar to the last expiry: an expiry may be a holiday."""
        last = max(self.chain.contracts["expiry"].max(), self.bars.sessions[-1])
        return sessions_between(self.settings.data.calendar, self.bars.sessions[0].date(), last.date())


def read_put_sources(settings: Settings, progress: Progress) -> PutSources:
    """Return the chain that the settings name, or one made up over bars, and the bars of its underlyings.

    Raises: DataError if a file cannot be used, no put remains, or no underlying has prices.
    """
    if settings.puts.source == "synthetic":
        return _synthetic(settings, progress)
    found = _collected(settings, progress) if settings.puts.source == "collected" else _quoted(settings, progress)
    if not len(found.chain.quotes):
        raise DataError(f"{settings.puts.chain or settings.puts.collected}: no quote of a put from "
                        f"{settings.backtest.start_date} to {settings.backtest.end_date}; check the file and the dates")
    return found


def _synthetic(settings: Settings, progress: Progress) -> PutSources:
    market = load_market(settings, progress=progress)
    progress.say("Making up an option chain over the bars: listed strikes, model prices")
    chain = synthetic_chain(market.bars, settings.puts, calendar=settings.data.calendar)
    return PutSources(settings, chain, market.bars, market.first_session, market.report)


def _quoted(settings: Settings, progress: Progress) -> PutSources:
    puts = settings.puts
    progress.say(f"Reading option quotes from {puts.chain}")
    chain = read_chain(puts.chain, puts, calendar=settings.data.calendar)
    chain = with_assumed_spread(chain, puts.quotes.assumed_half_spread_fraction)
    settlements = None if puts.settlements is None else read_settlements(puts.settlements)
    settings, chain = _with_universe(_with_period(settings, chain), chain)
    if puts.underlying_prices == "quotes":
        bars = underlying_bars(chain)
        return _of_own_prices(settings, chain, bars, settlements=settlements)
    market = load_market(settings, progress=progress)
    chain = with_checked_units(chain, market.bars)
    return PutSources(settings, chain, market.bars, market.first_session, market.report, settlements)


def _collected(settings: Settings, progress: Progress) -> PutSources:
    progress.say(f"Reading the store {settings.puts.collected}")
    found = read_collected(settings.puts.collected, settings.puts)
    settings, chain = _with_universe(_with_period(settings, found.chain), found.chain)
    bars = found.underlyings.select(set(settings.universe.symbols) & set(found.underlyings.symbols))
    chain = with_checked_units(chain, bars, leaves_out=not settings.puts.quotes.strict)
    return _of_own_prices(settings, chain, bars, monthly=found.monthly, margins=found.margins)


def _of_own_prices(settings: Settings, chain: OptionChain, bars: BarPanel, **tables: pd.DataFrame | None) -> PutSources:
    bars = bars.between(None, settings.backtest.end_date)
    within = bars.sessions >= pd.Timestamp(settings.backtest.start_date)
    if not within.any():
        raise DataError(f"the underlyings have no price from {settings.backtest.start_date} to "
                        f"{settings.backtest.end_date}; their last one is of {bars.sessions[-1]:%Y-%m-%d}")
    report = DataReport((), (), (), bars.fingerprint(), len(bars.symbols), len(bars.sessions), int(bars.has_bar.sum()))
    return PutSources(settings, chain, bars, bars.sessions[within][0], report, **tables)


def _with_period(settings: Settings, chain: OptionChain) -> Settings:
    """Return the settings with the days of the quotes where the user gave none."""
    days = chain.quotes["quote_date"]
    if not len(days):
        return settings
    test = settings.backtest
    start, end = test.start_date or _day(days.min()), test.end_date or _day(days.max())
    if start > end:
        raise DataError(f"backtest.start_date {start} lies after the last quote, {end}")
    return settings.model_copy(update={"backtest": test.model_copy(update={"start_date": start, "end_date": end})})


def _with_universe(settings: Settings, chain: OptionChain) -> tuple[Settings, OptionChain]:
    """Return settings and chain of the underlyings that the user named, or of all."""
    underlyings = set(chain.contracts["underlying"])
    wanted = settings.universe.symbols
    chosen = underlyings if wanted is None else set(wanted)
    lost = sorted(chosen - underlyings)
    if lost:
        raise DataError(f"{settings.puts.chain or settings.puts.collected}: holds no put on {', '.join(lost)} "
                        f"(universe.symbols); it has {', '.join(sorted(underlyings)[:10])}")
    universe = settings.universe.model_copy(update={"symbols": tuple(sorted(chosen))})
    chain = chain if chosen == underlyings else chain.of_underlyings(chosen)
    return settings.model_copy(update={"universe": universe}), chain


def _day(moment: pd.Timestamp) -> date:
    return moment.date()


def within_period(sources: PutSources) -> np.ndarray:
    """Return which quotes lie in the period of the run, bool of shape (n_quotes,)."""
    days = sources.chain.quotes["quote_date"].to_numpy()
    return (days >= sources.first_session.to_datetime64()) & (days <= sources.last_session.to_datetime64())
