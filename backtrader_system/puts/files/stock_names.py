"""One stock, three spellings: an explicit map, and nothing matched by likeness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.puts.files.delimited import shortened, split_cells

SPELLINGS = ("ticker", "stock_name", "symbol")


@dataclass(frozen=True, slots=True)
class StockNames:
    """Which symbol a spelling stands for.

    symbol_of : spelling to symbol. is_explicit : read from a map; otherwise names must be equal in all files.

    Examples
    --------
    >>> names = StockNames({"AAK": "AAK.ST", "AAK AB": "AAK.ST", "AAK.ST": "AAK.ST"}, is_explicit=True)
    >>> names.unmatched(["AAK AB", "Aak AB"])
    ['Aak AB']
    """

    symbol_of: Mapping[str, str] = field(default_factory=dict)
    is_explicit: bool = False

    def unmatched(self, names: Iterable[str]) -> list[str]:
        """Return the distinct names that the map does not hold, sorted; none without a map."""
        return sorted(set(names) - set(self.symbol_of)) if self.is_explicit else []

    def symbols(self, names: pd.Series) -> pd.Series:
        """Return the symbol of each name; names without a map stay as they are."""
        if not self.is_explicit:
            return names.astype("str")
        return names.map(dict(self.symbol_of)).astype("str")


def read_stock_names(path: Path | None) -> StockNames:
    """Return the map of a file with the columns ticker, stock_name, symbol (comma, or any other delimiter).

    A stock that was renamed has a row for every name, all with its symbol of today. None: names are equal everywhere.
    Raises: DataError if the file cannot be read, a cell is empty, or one spelling stands for two symbols.
    """
    if path is None:
        return StockNames()
    try:
        cells = split_cells(Path(path).read_bytes(), str(path), ",")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}); check puts.stock_names") from error
    if set(cells.header) != set(SPELLINGS):
        raise DataError(f"{path}: columns must be ticker, stock_name, symbol; found {', '.join(cells.header)}")
    table = dict(zip(cells.header, cells.columns, strict=True))
    found: dict[str, str] = {}
    faults: list[str] = []
    for row, line in enumerate(cells.lines):
        for name in SPELLINGS:
            spelling, symbol = table[name][row], table["symbol"][row]
            if not spelling:
                faults.append(f"line {line}: {name} is empty")
            elif found.setdefault(spelling, symbol) != symbol:
                faults.append(f"line {line}: '{spelling}' stands for {found[spelling]} and for {symbol}")
    if faults:
        raise DataError(f"{path}: the map of stock names is not unique", faults=shortened(faults))
    return StockNames(found, is_explicit=True)
