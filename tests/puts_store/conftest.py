"""Days of made-up files in the owner's full schemas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backtrader_system.puts.files.schemas import DATA, PROBABILITIES

NAMES = "ticker,stock_name,symbol\nAAK,AAK AB,AAK.ST\nABB,ABB Ltd,ABB.ST\n"
# Sessions of Stockholm to each expiry: 19 December and 16 January.
DAYS = {"2025-11-27": (16, 30), "2025-11-28": (15, 29), "2025-12-01": (14, 28), "2025-12-02": (13, 27),
        "2025-12-15": (4, 18)}
EXPIRIES = ("2025-12-19", "2026-01-16")
STRIKES = {"AAK": (240, 250), "ABB": (600, 650)}


def _data(day: str, changes: dict[tuple[str, str], str], drop: tuple[str, ...], header: tuple[str, ...]) -> str:
    lines = ["|".join(header)]
    for ticker, strikes in STRIKES.items():
        for expiry, letter, days in zip(EXPIRIES, ("5X", "6M"), DAYS[day], strict=True):
            for strike in strikes:
                name = f"{ticker}{letter}{strike}"
                row = dict.fromkeys(DATA.names, "0.5") | {
                    "OptionName": name, "FinancialReport": "", "X-Day": "", "StrikeBelowLowerAtAcc": "Y",
                    "StockName": {"AAK": "AAK AB", "ABB": "ABB Ltd"}[ticker], "ExpiryDate": expiry,
                    "StrikePrice": f"{strike}.0", "Bid": "1.2", "Ask": "1.8", "DaysToExpiry": str(days),
                    "StockPrice": "266.0" if ticker == "AAK" else "690.0", "100DayMaxPriceDate": "2025-09-01",
                    "50DayMaxPriceDate": "2025-11-03", "ImpliedVolatility": "0.2"}
                row |= {column: value for (option, column), value in changes.items() if option == name}
                if name not in drop:
                    lines.append("|".join(row.get(column, "new") for column in header))
    return "\n".join(lines) + "\n"


def _history(day: str) -> str:
    lines = ["|".join(PROBABILITIES.names)]
    for earlier in [known for known in DAYS if known <= day]:
        lines += [f"{ticker}5X{strike}|{earlier}|.81|.82|.83|.84|.85"
                  for ticker, pair in STRIKES.items() for strike in pair]
    return "\n".join(lines) + "\n"


def _stocks(day: str) -> str:
    lines = ["date|name|open|high|low|close|volume|pct_change_close"]
    for earlier in [known for known in DAYS if known <= day]:
        lines += [f"{earlier}|AAK AB|265|267|264|266|1000|0.1", f"{earlier}|ABB Ltd|688|695|687|690|2000|0.2"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def day_files(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the files of a day into a new folder and returns it."""

    def write(day: str, *, changes: dict[tuple[str, str], str] | None = None, drop: tuple[str, ...] = (),
              header: tuple[str, ...] = DATA.names) -> Path:
        folder = tmp_path / f"files-{day}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / "data.csv").write_text(_data(day, changes or {}, drop, header))
        (folder / "probability_history.csv").write_text(_history(day))
        (folder / "stock_data.csv").write_text(_stocks(day))
        return folder

    return write


@pytest.fixture
def names_file(tmp_path: Path) -> Path:
    path = tmp_path / "names.csv"
    path.write_text(NAMES)
    return path


@pytest.fixture
def now() -> datetime:
    return datetime(2025, 12, 2, 20, 0, tzinfo=UTC)
