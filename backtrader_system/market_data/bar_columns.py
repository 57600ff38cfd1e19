"""Which column of a file is which, and a CSV file as numbers and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import PRICES

NEEDED = ("session", *PRICES, "volume")
OPTIONAL = ("symbol", "adj_close", "adj_factor", "split_factor", "price_factor")
TEXTS = ("session", "symbol")
_ALIASES = {"date": "session", "datetime": "session", "ticker": "symbol", "adjclose": "adj_close"}
_EMPTY = ["", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None"]
MAX_CELLS_SHOWN = 5


def match_columns(path: Path, found: Sequence[str]) -> dict[str, str]:
    """Return our name -> name in the file, for the columns we use.

    Case, spaces and hyphens do not matter: `Adj Close` is adj_close. `date` and `datetime` mean session.
    Raises: DataError if a needed column is missing or one stands there twice.
    """
    matched: dict[str, str] = {}
    twice: list[str] = []
    for header in found:
        plain = str(header).strip().lower().replace(" ", "_").replace("-", "_")
        name = _ALIASES.get(plain, plain)
        if name in (*NEEDED, *OPTIONAL):
            if name in matched:
                twice.append(f"'{matched[name]}' and '{header}' both mean {name}")
            matched[name] = str(header)
    missing = [name for name in NEEDED if name not in matched]
    if missing:
        raise DataError(f"{path}: columns missing: {', '.join(missing)}; found: {', '.join(map(str, found))}; "
                        f"needed: session (or date), symbol unless the file is named after it, "
                        f"{', '.join(NEEDED[1:])}")
    if twice:
        raise DataError(f"{path}: {'; '.join(twice)}; remove one of them")
    return matched


def csv_header(path: Path) -> list[str]:
    """Return the column names of a CSV file."""
    return list(read_csv_text(path, nrows=0).columns)


def read_csv_bars(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return a CSV file's bars under our names: session and symbol as text, the rest as float64.

    Raises: DataError with row and text of cells that are no numbers.
    """
    texts = {header: str for name, header in columns.items() if name in TEXTS}
    numbers = {header: float for name, header in columns.items() if name not in TEXTS}
    try:
        frame = pd.read_csv(
            path, usecols=list(columns.values()), dtype={**texts, **numbers}, encoding="utf-8-sig",
            keep_default_na=False,               # a symbol may be called NA
            na_values={header: [""] if header in texts else _EMPTY for header in columns.values()},
            float_precision="round_trip")        # the same digits give the same number as in any other reader
    except ValueError:
        frame = _as_numbers(path, read_csv_text(path, usecols=list(columns.values())), list(numbers))
    frame = frame.rename(columns={header: name for name, header in columns.items()})
    return frame.assign(**{name: frame[name].str.strip() for name in TEXTS if name in frame})


def read_csv_text(path: Path, **options: object) -> pd.DataFrame:
    """Return a CSV file with every cell as text, an empty cell as an empty text.

    Raises: DataError if the file is missing, empty, not UTF-8 or not a table.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; check the path in the settings")
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", **options)
    except (ValueError, OSError, EOFError) as error:        # pandas' parser errors are ValueError
        raise DataError(f"{path}: cannot be read as CSV ({str(error).splitlines()[0]}); "
                        "it must be a UTF-8 table with one header line") from error


def _as_numbers(path: Path, frame: pd.DataFrame, headers: Sequence[str]) -> pd.DataFrame:
    faults: list[str] = []
    numbers = {}
    for header in headers:
        cells = frame[header].str.strip()
        cells = cells.mask(cells.isin(_EMPTY))
        numbers[header] = pd.to_numeric(cells, errors="coerce").astype(float)
        for row in cells.index[cells.notna() & numbers[header].isna()][:MAX_CELLS_SHOWN]:
            faults.append(f"row {row + 1} after the header, column '{header}': '{cells[row]}' is not a number")
    if faults:
        raise DataError(f"{path}: cells that are not numbers (write 1234.5, without currency or separators)",
                        faults=faults)
    return frame.assign(**numbers)
