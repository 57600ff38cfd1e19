"""The chain that collected tables make up: contracts, quotes and what had to be left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.puts.chain import CONTRACTS, PROBABILITY_COLUMNS, QUOTES, ChainIssue, OptionChain
from backtrader_system.puts.files.option_code import parse_option_code
from backtrader_system.puts.files.stock_names import StockNames
from backtrader_system.puts.store.daily_tables import UNIT, DailyTables
from backtrader_system.puts.store.partitions import SNAPSHOT_DATE
from backtrader_system.puts.store.stocks_of_options import named_rows, refuse_unmatched

PROBABILITIES = tuple(PROBABILITY_COLUMNS)
# From November 2025 on a volatility is per 252 calendar days; ours are per 365.
NOVEMBER_2025 = (365 / 252) ** 0.5
_KEY = ["quote_date", "option_name", "expiry"]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Option-days with columns option_name, expiry, strike, ticker, stock_name, right, is_adjusted, quote columns."""

    table: pd.DataFrame
    issues: list[ChainIssue]


def chain_of(daily: DailyTables, names: StockNames, *, multiplier: float) -> OptionChain:
    """Return the puts of all snapshots and of the probability history.

    An option of the history that no snapshot holds gets strike and expiry from its code and has no bid and ask.
    bid, ask and the stock's price are those of the snapshot; probabilities of the snapshot win over the history.
    Raises: DataError if a code cannot be read, or a name is not in the map that there is.
    """
    rows = _with_terms(_joined(daily), names, daily)
    table, issues = _without_faults(rows.table, daily.source)
    return _assembled(table, multiplier, (*rows.issues, *issues))


def _joined(daily: DailyTables) -> pd.DataFrame:
    snapshots, history = _snapshot_rows(daily.get("data")), _history_rows(daily.get("probabilities"))
    if snapshots is None and history is None:
        raise DataError(f"{daily.source}: neither data.csv nor probability_history.csv is there; nothing to score")
    if snapshots is None or history is None:
        return history.assign(expiry=pd.NaT) if snapshots is None else snapshots
    history = _with_known_expiry(history, snapshots)
    given = history.rename(columns={name: f"history_{name}" for name in PROBABILITIES})
    # A missing expiry never joins: that option is in no snapshot.
    both = snapshots.merge(given, how="outer", on=_KEY)
    for name in PROBABILITIES:
        both[name] = both[name].fillna(both.pop(f"history_{name}"))
    return both


def _snapshot_rows(data: pd.DataFrame | None) -> pd.DataFrame | None:
    if data is None:
        return None

    def column(name: str) -> pd.Series:
        return data[name] if name in data else pd.Series(np.nan, index=data.index)

    clock = np.where(data[UNIT] == "sessions", NOVEMBER_2025, 1.0)
    return pd.DataFrame({
        "quote_date": data[SNAPSHOT_DATE], "option_name": data["OptionName"], "expiry": data["ExpiryDate"],
        "strike": data["StrikePrice"], "stock_name": data.get("StockName", ""),
        "bid": data["Bid"], "ask": data["Ask"], "iv": column("ImpliedVolatility") * clock,
        "underlying_price": column("StockPrice"),
        **{name: column(theirs) for name, theirs in PROBABILITY_COLUMNS.items()}})


def _history_rows(history: pd.DataFrame | None) -> pd.DataFrame | None:
    if history is None:
        return None
    # What was said first of a day was known then; a later correction was not.
    first = history.sort_values(SNAPSHOT_DATE, kind="stable").drop_duplicates(["OptionName", "Update_date"])
    return pd.DataFrame({"quote_date": first["Update_date"], "option_name": first["OptionName"],
                         **{name: first[theirs] for name, theirs in PROBABILITY_COLUMNS.items()}})


def _with_known_expiry(history: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    """Return the history with the expiry that a snapshot states for the option, NaT if none does."""
    known = snapshots[["option_name", "expiry"]].drop_duplicates().dropna().sort_values("expiry")
    return pd.merge_asof(history.sort_values("quote_date", kind="stable"), known, left_on="quote_date",
                         right_on="expiry", by="option_name", direction="forward", tolerance=pd.Timedelta(days=3_285))


def _with_terms(rows: pd.DataFrame, names: StockNames, daily: DailyTables) -> _Rows:
    """Add what the code of each option says, and its stock."""
    source = daily.source
    first_days = rows.groupby("option_name")["quote_date"].min()
    terms, faults = [], []
    for name, seen in first_days.items():
        try:
            code = parse_option_code(name)
            terms.append((name, code.ticker, code.right, code.strike, code.is_adjusted, code.expiry(seen)))
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise DataError(f"{source}: option codes that cannot be read", faults=faults[:20])
    table = pd.DataFrame(terms, columns=["option_name", "ticker", "right", "code_strike", "is_adjusted", "code_expiry"])
    joined = rows.merge(table, on="option_name", how="left")
    if "strike" not in joined:
        joined = joined.assign(strike=np.nan, stock_name="", bid=np.nan, ask=np.nan, iv=np.nan, underlying_price=np.nan)
    issues = _disagreements(joined, source)
    joined["strike"] = joined["strike"].fillna(joined["code_strike"])
    joined["expiry"] = joined["expiry"].astype("datetime64[ns]").fillna(joined["code_expiry"])
    spelling = _stock_names(joined, names, daily)
    named, unnamed = named_rows(joined, spelling, daily)
    return _Rows(named.assign(underlying=names.symbols(spelling[named.index])), [*issues, *unnamed])


def _disagreements(rows: pd.DataFrame, source: str) -> list[ChainIssue]:
    stated = rows["expiry"].notna() & rows["strike"].notna()
    differs = stated & ((rows["expiry"] != rows["code_expiry"]) | ((rows["strike"] - rows["code_strike"]).abs() > 1e-9))
    return _issue(rows, differs, "warning", "code_disagrees", source,
                  "strike and expiry of the file count, not those of the code")


def _stock_names(rows: pd.DataFrame, names: StockNames, daily: DailyTables) -> pd.Series:
    """Return a spelling of each row's stock: the file's name, else the ticker of the code, as the map holds it.

    Without a map, the name that the files have for the ticker; NaN if they have none, or several.
    """
    stated = rows["stock_name"].fillna("").astype("str")
    if names.is_explicit:
        refuse_unmatched(daily, names, set(rows.loc[stated == "", "ticker"]))
        return stated.where(stated != "", rows["ticker"])
    known = rows.assign(stated=stated)[stated != ""].groupby("ticker")["stated"].agg(["first", "nunique"])
    by_ticker = known.loc[known["nunique"] == 1, "first"]
    return stated.where(stated != "", rows["ticker"].map(by_ticker))


def _without_faults(rows: pd.DataFrame, source: str) -> tuple[pd.DataFrame, list[ChainIssue]]:
    outside = pd.Series(False, index=rows.index)
    for name in PROBABILITIES:
        outside |= (rows[name] < 0) | (rows[name] > 1 + 1e-9)
        rows[name] = rows[name].where(rows[name].between(0, 1 + 1e-9)).clip(upper=1.0)
    has_no_price = rows[["bid", "ask", *PROBABILITIES]].isna().all(axis=1)
    prices = rows[["bid", "ask", "underlying_price", "iv"]]
    first_strike = rows.sort_values("quote_date", kind="stable").groupby(["option_name", "expiry"])["strike"]
    rules = {
        "not_a_put": (rows["right"] != "P", "calls are not scored"),
        "bad_strike": (~(rows["strike"] > 0), "correct the strike"),
        "quoted_after_expiry": (rows["quote_date"] > rows["expiry"], "a stale row, or the wrong year"),
        "negative_price": ((prices < 0).any(axis=1), "correct the price"),
        "crossed_quote": (rows["bid"] > rows["ask"], "bid above ask: not a quote"),
        "no_price_and_no_probability": (has_no_price, "nothing is known of it"),
        "terms_changed": (rows["strike"] != first_strike.transform("first"), "another strike under the same name"),
    }
    issues = [issue for rule, (wrong, advice) in rules.items()
              for issue in _issue(rows, wrong, "excluded", rule, source, advice)]
    issues += _issue(rows, outside, "warning", "probability_outside_0_1", source, "taken as missing")
    gone = pd.concat([wrong for wrong, _ in rules.values()], axis=1).any(axis=1)
    kept = rows[~gone]
    issues += _issue(kept, kept["is_adjusted"], "warning", "adjusted_contract", source,
                     "changed by a corporate action; its multiplier may differ")
    return kept, issues


def _issue(rows: pd.DataFrame, wrong: pd.Series, severity: str, rule: str, source: str, advice: str
           ) -> list[ChainIssue]:
    if not wrong.any():
        return []
    row = rows[wrong].iloc[0]
    example = (f"{row['option_name']} on {row['quote_date']:%Y-%m-%d}: strike {row['strike']:g}, bid {row['bid']:g}, "
               f"ask {row['ask']:g}")
    return [ChainIssue(severity, rule, source, int(wrong.sum()), example, advice)]


def _assembled(rows: pd.DataFrame, multiplier: float, issues: tuple[ChainIssue, ...]) -> OptionChain:
    span = rows.groupby(["underlying", "expiry", "strike", "option_name"], as_index=False).agg(
        first_seen=("quote_date", "min"), last_seen=("quote_date", "max"), is_adjusted=("is_adjusted", "first"))
    repeated = span["option_name"].duplicated(keep=False)
    # A code comes again after ten years.
    dated = span["option_name"] + span["expiry"].dt.strftime(" %Y-%m-%d")
    span["contract"] = span["option_name"].where(~repeated, dated)
    contracts = span.assign(multiplier=multiplier).sort_values(["underlying", "expiry", "strike", "contract"])
    contracts = contracts.reset_index(drop=True)
    numbers = contracts.reset_index(names="number")[["option_name", "expiry", "number"]]
    quotes = rows.merge(numbers, on=["option_name", "expiry"]).assign(last=np.nan)
    quotes = quotes.sort_values(["quote_date", "number"]).reset_index(drop=True)
    quotes = QUOTES.check(quotes[[*QUOTES.names, *PROBABILITIES]])
    return OptionChain(CONTRACTS.check(contracts[CONTRACTS.names]), quotes, issues)
