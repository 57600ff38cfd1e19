"""Whether the stocks of options are known by name and have bars: everything that is missing, at once."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.puts.chain import ChainIssue, OptionChain
from backtrader_system.puts.files.delimited import shortened
from backtrader_system.puts.files.schemas import SCHEMAS
from backtrader_system.puts.files.stock_names import StockNames
from backtrader_system.puts.store.daily_tables import DailyTables

# Where the tables name a stock: those that scores are made of, and one that they do not need.
NAMED_IN = {"data": "StockName", "stocks": "name", "monthly": "name"}
UNUSED = {"support": "stock_name"}
HOW_TO_MAP = ("write a CSV file with the header ticker,stock_name,symbol and a row for each stock, for example "
              "AAK,AAK AB,AAK.ST, and name it in puts.stock_names; see \"Collecting\" in docs/puts.md")
# Rules of issues about options that are left out because of their stock.
LEFT_OUT = ("no_stock_name", "no_bars")
SHOWN = 5
_FILES = {schema.table: schema.file_name for schema in SCHEMAS}


def refuse_unmatched(daily: DailyTables, names: StockNames, tickers: set[str]) -> None:
    """Refuse names of a map that scores need and it lacks.

    tickers : of the options whose stock no file names.
    Raises: DataError with every name and the files that have it.
    """
    places: dict[str, list[str]] = {name: ["option codes"] for name in names.unmatched(tickers)}
    for table, column in NAMED_IN.items():
        for name in names.unmatched(_names_in(daily, table, column)):
            places.setdefault(name, []).append(_FILES[table])
    if places:
        raise DataError(
            f"{daily.source}: {len(places)} stock names are not in the map of puts.stock_names; add a row "
            "ticker,stock_name,symbol for each, for example AAK,AAK AB,AAK.ST (names are never matched by likeness)",
            faults=[f"'{name}' in {', '.join(found)}" for name, found in sorted(places.items())])


def unused_names(daily: DailyTables, names: StockNames) -> list[ChainIssue]:
    """Return a warning for names that the map lacks in tables that no score needs."""
    issues = []
    for table, column in UNUSED.items():
        unmatched = names.unmatched(_names_in(daily, table, column))
        if unmatched:
            issues.append(ChainIssue(
                "warning", "unmatched_name", f"{daily.source} {_FILES[table]}", len(unmatched), _some(unmatched),
                "no score needs them; add a row for each to the map of puts.stock_names"))
    return issues


def named_rows(rows: pd.DataFrame, spelling: pd.Series, daily: DailyTables) -> tuple[pd.DataFrame, list[ChainIssue]]:
    """Return the option-days whose stock has a name, and what was left out.

    rows : option_name, ticker, further columns. spelling : name of the stock of each row, NaN unknown.
    Raises: DataError if no stock has a name.
    """
    is_named = spelling.notna()
    if is_named.all():
        return rows, []
    tickers = sorted(set(rows.loc[~is_named, "ticker"]))
    if not is_named.any():
        raise DataError(f"{daily.source}: no file names the stocks of the options; {HOW_TO_MAP}",
                        faults=[f"tickers of the options: {_some(tickers, 20)}", *_names_found(daily)])
    n_options = rows.loc[~is_named, "option_name"].nunique()
    return rows[is_named], [ChainIssue(
        "excluded", "no_stock_name", daily.source, int((~is_named).sum()),
        f"{n_options:,} options of ticker {_some(tickers)}", f"left out, their outcomes stay unknown; {HOW_TO_MAP}")]


def with_bars_only(chain: OptionChain, symbols: tuple[str, ...], daily: DailyTables, *, is_explicit: bool
                   ) -> OptionChain:
    """Return the chain without the options whose stock has no bars, with an issue that counts them.

    symbols : of the stocks with bars. is_explicit : names come from a map.
    They are in no table afterwards: an outcome that nobody can know is never worthless.
    Raises: DataError if no stock of options has bars.
    """
    has_bars = chain.contracts["underlying"].isin(symbols).to_numpy()
    if has_bars.all():
        return chain
    lost = sorted(set(chain.contracts.loc[~has_bars, "underlying"]))
    advice = "add their rows to stock_data.csv" if is_explicit else (
        f"names differ between the files, or stock_data.csv lacks them; {HOW_TO_MAP}")
    if not has_bars.any():
        unnamed = [issue.example for issue in chain.issues if issue.rule == "no_stock_name"]
        raise DataError(f"{daily.source}: no stock of options has bars; {advice}", faults=[
            *shortened([f"no bars of '{name}'" for name in lost]), *(f"no name for {text}" for text in unnamed),
            *_names_found(daily)])
    rest = chain.of_underlyings(symbols)
    issue = ChainIssue("excluded", "no_bars", daily.source, len(chain.quotes) - len(rest.quotes),
                       f"{int((~has_bars).sum()):,} options of {_some(lost)}",
                       f"left out, their outcomes stay unknown; {advice}")
    return replace(rest, issues=(*chain.issues, issue))


def _names_in(daily: DailyTables, table: str, column: str) -> list[str]:
    rows = daily.get(table)
    return [] if rows is None or column not in rows else sorted(set(rows[column].unique()) - {""})


def _names_found(daily: DailyTables) -> list[str]:
    found = ((table, _names_in(daily, table, column)) for table, column in NAMED_IN.items())
    return [f"names in {_FILES[table]}: {_some(stated, 20)}" for table, stated in found if stated]


def _some(names: list[str], count: int = SHOWN) -> str:
    more = f" and {len(names) - count:,} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more
