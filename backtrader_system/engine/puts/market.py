"""Everything a run that sells puts needs: quotes of the contracts for sale, their ends, their underlyings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.engine.puts.collateral import collateral_per_contract
from backtrader_system.engine.puts.terms import PutEvent, PutTerms
from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.outcomes import ASSIGNED, UNKNOWN
from backtrader_system.settings.settings import Settings

# Columns of `PutMarket.quotes` beside session and contract; money per contract.
NUMBERS = ("open", "close", "bid", "half_spread", "is_quoted", "days_to_expiry", "collateral", "score", "probability",
           "direction", "event", "settlement")


@dataclass(frozen=True, slots=True, eq=False)
class PutMarket:
    """The market of one run: contracts that are ever for sale, from their first day for sale to their end.

    underlyings : the sessions of the run. terms : one row per contract, sorted by name: contract, underlying, strike,
        expiry, multiplier, expiry_session, outcome, payoff (per unit), settle_price, why_unknown. early : contract,
        session, payoff (per unit): days on whose close its holders exercise.
    row : session of each quote as a row of the underlyings, shape (n_quotes,); quotes are sorted by contract and
        session. starts : shape (n_contracts + 1,), where the quotes of each contract begin. quotes : columns `NUMBERS`,
        each (n_quotes,). open is the mid; close too, but the payoff in the expiry session.
    unpriced : session and contract of sales without a price on their day.
    """

    underlyings: BarPanel
    terms: pd.DataFrame
    early: pd.DataFrame
    row: np.ndarray
    starts: np.ndarray
    quotes: dict[str, np.ndarray]
    unpriced: pd.DataFrame

    @property
    def contracts(self) -> tuple[str, ...]:
        """Names of the contracts, sorted."""
        return tuple(self.terms["contract"])

    def put_terms(self) -> list[PutTerms]:
        """Return the terms of each contract."""
        table = self.terms
        return [PutTerms(*values) for values in zip(
            table["contract"], table["underlying"], table["strike"].tolist(), table["expiry"].dt.date,
            table["multiplier"].tolist(), strict=True)]

    def bars_of(self, symbols: Iterable[str]) -> BarPanel:
        """Return the bars of these contracts and underlyings as one panel over all sessions of the run."""
        wanted = set(symbols)
        shares = [name for name in self.underlyings.symbols if name in wanted]
        puts = np.flatnonzero(self.terms["contract"].isin(wanted))
        names = [*shares, *self.terms["contract"].to_numpy()[puts]]
        order = sorted(range(len(names)), key=names.__getitem__)
        of_shares, sources = self.underlyings.select(shares), {"open": ("open",), "close": ("close",)}
        sources |= {"high": ("open", "close"), "low": ("open", "close")}
        panels = {}
        for name, columns in sources.items():
            values = np.full((len(self.underlyings.sessions), len(puts)), np.nan)
            for place, number in enumerate(puts):
                part = slice(self.starts[number], self.starts[number + 1])
                pick = np.minimum if name == "low" else np.maximum
                values[self.row[part], place] = pick.reduce([self.quotes[column][part] for column in columns])
            panels[name] = np.hstack([getattr(of_shares, name), values])[:, order]
        shape = panels["close"].shape
        padding = np.zeros((shape[0], len(puts)))
        return BarPanel(
            self.underlyings.sessions, tuple(sorted(names)), panels["open"], panels["high"], panels["low"],
            panels["close"], volume=np.where(np.isfinite(panels["close"]), 0.0, np.nan),
            split_ratio=np.hstack([of_shares.split_ratio, padding + 1])[:, order],
            dividend=np.hstack([of_shares.dividend, padding])[:, order], is_member=np.ones(shape, dtype=bool))


def put_market(
    chain: OptionChain, underlyings: BarPanel, sales: pd.DataFrame, outcomes: pd.DataFrame, early: pd.DataFrame,
    settings: Settings, *, history: BarPanel | None = None,
) -> PutMarket:
    """Return the market in which the contracts of `sales` are quoted, from their first day for sale on.

    underlyings : bars; those in the period of `settings.backtest` are the sessions of the run, all of them where it
        names no period. history : the same with earlier bars, for a margin to look at.
    sales : columns quote_date, number (of the contract), score (0 to 100), probability; one row for each day after
        whose close the contract may be sold. outcomes, early : tables of `puts.outcomes` and `puts.early_assignment`.
    Raises: DataError for sales of unknown contracts, twice the same, or all outside the period.

    Timing: a quote is known after the close of its day; a sale decided then fills at the contract's next quote.
    """
    bars = _period(underlyings, settings)
    sales = _checked_sales(sales, chain, bars)
    numbers = _by_name(sales["number"].unique(), chain)
    terms = _terms(chain, outcomes, numbers)
    place = np.full(len(chain.contracts), -1)
    place[numbers] = np.arange(len(numbers))
    exercised = early[place[early["number"].to_numpy()] >= 0]
    exercised = pd.DataFrame({
        "place": place[exercised["number"].to_numpy()], "session": exercised["session"].to_numpy(),
        "payoff": exercised["payoff"].to_numpy(dtype=float)})
    rows = _quote_rows(chain, place, bars, sales, terms, exercised)
    rows, unpriced = _with_sales(rows, sales, place, bars)
    rows["collateral"] = collateral_per_contract(
        bars.sessions.to_numpy()[rows["row"].to_numpy()], rows["place"].to_numpy(), terms,
        underlyings if history is None else history, settings.puts.selling)
    starts = np.searchsorted(rows["place"].to_numpy(), np.arange(len(numbers) + 1))
    names = terms["contract"].to_numpy()
    return PutMarket(
        bars, terms,
        pd.DataFrame({"contract": names[exercised["place"].to_numpy()], "session": exercised["session"],
                      "payoff": exercised["payoff"]}).reset_index(drop=True),
        rows["row"].to_numpy(), starts, {name: rows[name].to_numpy(dtype=float) for name in NUMBERS},
        pd.DataFrame({"session": bars.sessions[unpriced["row"].to_numpy()],
                      "contract": names[unpriced["place"].to_numpy()]}))


def _period(underlyings: BarPanel, settings: Settings) -> BarPanel:
    start, end = settings.backtest.start_date, settings.backtest.end_date
    bars = underlyings.between(start, end)
    if not len(bars.sessions):
        raise DataError(f"no session between {start} and {end}; the underlyings have "
                        f"{underlyings.sessions[0]:%Y-%m-%d} to {underlyings.sessions[-1]:%Y-%m-%d}")
    return bars


def _checked_sales(sales: pd.DataFrame, chain: OptionChain, bars: BarPanel) -> pd.DataFrame:
    """Return the sales in the period of the run."""
    unknown = ~sales["number"].between(0, len(chain.contracts) - 1)
    faults = [f"{unknown.sum()} sales of numbers that no contract has; the first is {sales['number'][unknown].iloc[0]}"
              ] if unknown.any() else []
    twice = sales.duplicated(["quote_date", "number"])
    if twice.any():
        first = sales[twice].iloc[0]
        faults.append(f"{twice.sum()} sales are given twice; the first is number {first['number']} on "
                      f"{first['quote_date']:%Y-%m-%d}")
    if faults:
        raise DataError("the sales do not fit the chain", faults=faults)
    inside = sales[sales["quote_date"].isin(bars.sessions)]
    if len(sales) and inside.empty:
        raise DataError(f"none of {len(sales):,} sales lies in a session from {bars.sessions[0]:%Y-%m-%d} to "
                        f"{bars.sessions[-1]:%Y-%m-%d}; set backtest.start_date and end_date")
    return inside


def _by_name(numbers: np.ndarray, chain: OptionChain) -> np.ndarray:
    names = chain.contracts["contract"].to_numpy()
    return np.array(sorted(numbers, key=lambda number: names[number]), dtype=int)


def _terms(chain: OptionChain, outcomes: pd.DataFrame, numbers: np.ndarray) -> pd.DataFrame:
    terms = chain.contracts.iloc[numbers][["contract", "underlying", "strike", "expiry", "multiplier"]]
    names = ["expiry_session", "outcome", "payoff", "settle_price", "why_unknown"]
    return terms.reset_index(drop=True).join(outcomes.iloc[numbers][names].reset_index(drop=True))


def _quote_rows(
    chain: OptionChain, place: np.ndarray, bars: BarPanel, sales: pd.DataFrame, terms: pd.DataFrame,
    exercised: pd.DataFrame,
) -> pd.DataFrame:
    """Return one row per quote, and one for each end of a contract that has no quote of its day."""
    number = chain.quotes["number"].to_numpy()
    day = pd.DatetimeIndex(chain.quotes["quote_date"]).as_unit(bars.sessions.unit)
    first = np.full(len(place), np.datetime64("NaT", "ns"), dtype="M8[ns]")
    by_number = sales.groupby("number")["quote_date"].min()
    first[by_number.index.to_numpy()] = by_number.to_numpy().astype("M8[ns]")
    mid, row = chain.mid(), bars.sessions.get_indexer(day)
    is_settled = (terms["outcome"] != UNKNOWN).to_numpy()
    ends = np.where(is_settled, bars.sessions.get_indexer(
        pd.DatetimeIndex(terms["expiry_session"]).as_unit(bars.sessions.unit)), -1)
    last = np.where(ends >= 0, ends, len(bars.sessions))
    kept = np.flatnonzero((place[number] >= 0) & (row >= 0) & np.isfinite(mid) & (day.to_numpy() >= first[number]))
    kept = kept[row[kept] <= last[place[number[kept]]]]
    at = place[number[kept]]
    multiplier = terms["multiplier"].to_numpy(dtype=float)
    bid, ask = (chain.quotes[name].to_numpy(dtype=float)[kept] for name in ("bid", "ask"))
    rows = pd.DataFrame({
        "place": at, "row": row[kept], "open": mid[kept] * multiplier[at], "bid": bid * multiplier[at],
        "half_spread": (ask - bid) / 2 * multiplier[at], "is_quoted": 1.0})
    return _with_ends(rows, _ends(bars, terms, ends, exercised, last), bars, terms)


def _ends(
    bars: BarPanel, terms: pd.DataFrame, ends: np.ndarray, exercised: pd.DataFrame, last: np.ndarray,
) -> pd.DataFrame:
    """Return place, row, event and settlement of every day on which a contract ends or may end."""
    due = np.flatnonzero(ends >= 0)
    is_assigned = (terms["outcome"] == ASSIGNED).to_numpy()[due]
    multiplier = terms["multiplier"].to_numpy(dtype=float)
    at_expiry = pd.DataFrame({
        "place": due, "row": ends[due],
        "event": np.where(is_assigned, PutEvent.ASSIGNED, PutEvent.EXPIRES_WORTHLESS),
        "settlement": terms["payoff"].to_numpy(dtype=float)[due] * multiplier[due]})
    row = bars.sessions.get_indexer(pd.DatetimeIndex(exercised["session"]).as_unit(bars.sessions.unit))
    place = exercised["place"].to_numpy()
    counts = (row >= 0) & (row < last[place])
    before = pd.DataFrame({
        "place": place[counts], "row": row[counts], "event": int(PutEvent.ASSIGNED_EARLY),
        "settlement": exercised["payoff"].to_numpy()[counts] * multiplier[place[counts]]})
    return pd.concat([at_expiry, before], ignore_index=True)


def _with_ends(rows: pd.DataFrame, ends: pd.DataFrame, bars: BarPanel, terms: pd.DataFrame) -> pd.DataFrame:
    merged = rows.merge(ends, on=["place", "row"], how="outer").sort_values(["place", "row"], ignore_index=True)
    is_expiry = merged["event"].isin((PutEvent.EXPIRES_WORTHLESS, PutEvent.ASSIGNED))
    merged, is_expiry = (part[merged["open"].notna() | is_expiry].reset_index(drop=True) for part in (
        merged, is_expiry))         # no holder exercises on a day without a quote
    merged["open"] = merged["open"].fillna(merged["settlement"])
    merged["close"] = merged["open"].where(~is_expiry, merged["settlement"])
    merged = merged.fillna({"is_quoted": 0.0, "event": 0.0})
    day = bars.sessions.to_numpy().astype("datetime64[D]")[merged["row"].to_numpy()]
    expiry = terms["expiry"].to_numpy().astype("datetime64[D]")[merged["place"].to_numpy()]
    return merged.assign(days_to_expiry=(expiry - day).astype(float))


def _with_sales(
    rows: pd.DataFrame, sales: pd.DataFrame, place: np.ndarray, bars: BarPanel
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows with scores on the days for sale, and place and row of the sales that have no quote."""
    wanted = pd.DataFrame({
        "place": place[sales["number"].to_numpy()],
        "row": bars.sessions.get_indexer(pd.DatetimeIndex(sales["quote_date"]).as_unit(bars.sessions.unit)),
        "score": sales["score"].to_numpy(dtype=float), "probability": sales["probability"].to_numpy(dtype=float),
        "direction": 1.0})
    found = rows.merge(wanted, on=["place", "row"], how="left")
    is_for_sale = (found["is_quoted"] > 0) & found["direction"].notna()
    found["direction"] = is_for_sale.astype(float)
    priced = pd.MultiIndex.from_frame(found.loc[is_for_sale, ["place", "row"]])
    is_lost = ~pd.MultiIndex.from_frame(wanted[["place", "row"]]).isin(priced)
    return found, wanted.loc[is_lost, ["place", "row"]]
