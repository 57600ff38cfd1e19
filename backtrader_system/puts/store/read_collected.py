"""Everything collected, ready to be scored: chain, bars of the stocks, monthly returns, margins, outcomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel, panel_from_table
from backtrader_system.puts.chain import ChainIssue, OptionChain
from backtrader_system.puts.files.schemas import MONTHS
from backtrader_system.puts.files.stock_names import StockNames, read_stock_names
from backtrader_system.puts.store.contracts_of_tables import chain_of
from backtrader_system.puts.store.daily_tables import DailyTables, read_folder, read_store
from backtrader_system.puts.store.partitions import SNAPSHOT_DATE
from backtrader_system.puts.store.registry import REGISTRY_NAME
from backtrader_system.puts.store.stocks_of_options import unused_names, with_bars_only
from backtrader_system.settings.puts import PutsSettings


@dataclass(frozen=True, slots=True, eq=False)
class CollectedPuts:
    """What was collected.

    chain : with the given probabilities as columns of its quotes. underlyings : bars by symbol, prices as the newest
        stock_data.csv has them. monthly : Stocks_Monthly_Data.csv with the symbol as name, sorted by name and month; a
        month counts from its end on, the newest may be unfinished. margins : columns snapshot_date, contract, margin
        (SEK per contract), worst_decline, event_buffer, otm_amount. recorded_outcomes : contract, expiry, strike,
        final_price, outcome, final_premium, recorded_at. None: not collected.
    """

    chain: OptionChain
    underlyings: BarPanel
    monthly: pd.DataFrame | None
    margins: pd.DataFrame | None
    recorded_outcomes: pd.DataFrame | None


def read_collected(path: Path, settings: PutsSettings, *, day: pd.Timestamp | None = None) -> CollectedPuts:
    """Return what a store, or a folder with one day's raw files, holds.

    day : that of the raw files where they do not tell it. Days to expiry are counted from dates, never taken over.
    Options whose stock has no name or no bars are left out and counted; so their outcomes stay unknown.
    Raises: DataError if files cannot be read, names are missing in the map that there is (all of them are listed), no
        option is left, or `settings.quotes.strict` and anything of the options was left out.
    """
    daily = _daily(Path(path), day)
    names = read_stock_names(settings.stock_names)
    chain = chain_of(daily, names, multiplier=settings.quotes.multiplier)
    bars, issues = _bars(daily, names, chain)
    panel = panel_from_table(bars)
    chain = with_bars_only(chain, panel.symbols, daily, is_explicit=names.is_explicit)
    if settings.quotes.strict:
        _refuse_excluded(chain, daily)
    issues = (*daily.issues, *chain.issues, *unused_names(daily, names), *issues)
    chain = replace(_with_closes(chain, panel), issues=issues)
    return CollectedPuts(chain, panel, _monthly(daily, names), _margins(daily), daily.recorded_outcomes)


def _daily(path: Path, day: pd.Timestamp | None) -> DailyTables:
    return read_store(path) if (path / REGISTRY_NAME).is_file() else read_folder(path, day)


def _refuse_excluded(chain: OptionChain, daily: DailyTables) -> None:
    excluded = [issue for issue in chain.issues if issue.severity == "excluded"]
    if excluded:
        raise DataError(f"{daily.source}: faulty option quotes (puts.quotes.strict)", faults=[
            f"{issue.rule}: {issue.count:,} rows, first {issue.example}; {issue.advice}" for issue in excluded])


def _bars(daily: DailyTables, names: StockNames, chain: OptionChain) -> tuple[pd.DataFrame, list[ChainIssue]]:
    stocks = daily.get("stocks")
    if stocks is None:
        own = _bars_of_quotes(chain)
        if own.empty:
            raise DataError(f"{daily.source}: neither stock_data.csv nor StockPrice is there; outcomes need prices")
        return own, [ChainIssue(
            "warning", "no_stock_data", daily.source, 1, "stock_data.csv is absent",
            "bars are the stock prices of data.csv, without highs and lows")]
    newest = stocks.sort_values(SNAPSHOT_DATE, kind="stable").drop_duplicates(["name", "date"], keep="last")
    bars = pd.DataFrame({"session": newest["date"], "symbol": names.symbols(newest["name"]), "close": newest["close"]})
    for name in ("open", "high", "low"):
        bars[name] = newest[name].fillna(newest["close"]) if name in newest else newest["close"]
    bars["volume"] = newest["volume"].fillna(0.0) if "volume" in newest else 0.0
    prices = bars[["open", "high", "low", "close"]]
    wrong = ~(prices > 0).all(axis=1)
    repeated = bars[~wrong].duplicated(["session", "symbol"]).reindex(bars.index, fill_value=False)
    issues = [*_bar_issue(bars, wrong, "bad_bar", daily, "a price that is missing or not above 0; left out"),
              *_bar_issue(bars, repeated, "two_names_one_bar", daily, "two names of one stock; the first is kept")]
    bars = bars[~wrong & ~repeated]
    lacking = sorted(set(chain.contracts["underlying"]) - set(bars["symbol"])) if names.is_explicit else []
    if lacking:
        # Leaving out a stock that vanished would leave out its losses.
        own = _bars_of_quotes(chain)
        bars = pd.concat([bars, own[own["symbol"].isin(lacking)]], ignore_index=True)
        issues.append(ChainIssue("warning", "no_stock_data", f"{daily.source} stock_data.csv", len(lacking),
                                 ", ".join(lacking[:5]), "their bars are prices of data.csv, without highs and lows"))
    return bars, issues


def _bar_issue(bars: pd.DataFrame, wrong: pd.Series, rule: str, daily: DailyTables, advice: str) -> list[ChainIssue]:
    if not wrong.any():
        return []
    row = bars[wrong].iloc[0]
    return [ChainIssue("excluded", rule, f"{daily.source} stock_data.csv", int(wrong.sum()),
                       f"{row['symbol']} on {row['session']:%Y-%m-%d}: close {row['close']:g}", advice)]


def _bars_of_quotes(chain: OptionChain) -> pd.DataFrame:
    bars = pd.DataFrame({"session": chain.quotes["quote_date"], "symbol": chain.of_contract("underlying"),
                         "close": chain.quotes["underlying_price"]}).dropna()
    bars = bars.drop_duplicates(["session", "symbol"], keep="last")
    return bars.assign(open=bars["close"], high=bars["close"], low=bars["close"], volume=0.0)


def _with_closes(chain: OptionChain, panel: BarPanel) -> OptionChain:
    """Fill a stock's price that a quote lacks with the close of the same day."""
    quotes = chain.quotes
    row = panel.sessions.get_indexer(pd.DatetimeIndex(quotes["quote_date"]))
    column = pd.Index(panel.symbols).get_indexer(chain.of_contract("underlying"))
    closes = np.where((row >= 0) & (column >= 0), panel.close[row, column], np.nan)
    return replace(chain, quotes=quotes.assign(underlying_price=quotes["underlying_price"].fillna(pd.Series(closes))))


def _monthly(daily: DailyTables, names: StockNames) -> pd.DataFrame | None:
    table = daily.get("monthly")
    if table is None:
        return None
    newest = table.sort_values(SNAPSHOT_DATE, kind="stable").drop_duplicates(["name", "year", "month"], keep="last")
    unknown = sorted(set(newest["month"]) - set(MONTHS))
    if unknown:
        raise DataError(f"{daily.source}: months must be {', '.join(MONTHS)}", faults=[f"'{name}'" for name in unknown])
    # A renamed stock may state a month under both names.
    result = newest.assign(name=names.symbols(newest["name"]), year=newest["year"].astype(int)).drop_duplicates(
        ["name", "year", "month"], keep="last")
    order = result["name"] + result["year"].astype("str") + result["month"].map(lambda name: f"{MONTHS.index(name):02}")
    return result.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def _margins(daily: DailyTables) -> pd.DataFrame | None:
    table = daily.get("margins")
    if table is None:
        return None
    names = {"OptionName": "contract", "Est_Margin_SEK": "margin", "Hist_Worst_Decline_Pct": "worst_decline",
             "Event_Buffer": "event_buffer", "OTM_Amount": "otm_amount"}
    found = [name for name in names if name in table]
    return table[[SNAPSHOT_DATE, *found]].rename(columns=names)
