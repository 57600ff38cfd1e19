"""Which column of a chain file is which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backtrader_system.errors import DataError
from backtrader_system.puts.chain import PROBABILITY_COLUMNS

DATES = ("quote_date", "expiry")
TEXTS = ("underlying", "right", "contract")
NEEDED = ("quote_date", "underlying", "expiry", "strike", "right")
PRICES = ("bid", "ask", "last")
NUMBERS = ("strike", *PRICES, "iv", "underlying_price", "multiplier", *PROBABILITY_COLUMNS)

# Plain name in a file (small letters, underscores) -> our name. Only what stands here is understood.
SYNONYMS = {
    **{name: name for name in (*DATES, *TEXTS, *NUMBERS)},
    **{theirs.lower(): ours for ours, theirs in PROBABILITY_COLUMNS.items()},
    "date": "quote_date", "quotedate": "quote_date", "trade_date": "quote_date", "snapshot_date": "quote_date",
    "data_date": "quote_date",
    "underlying_symbol": "underlying", "root": "underlying", "symbol": "underlying", "ticker": "underlying",
    "expiration": "expiry", "expiration_date": "expiry", "expiry_date": "expiry", "expire_date": "expiry",
    "expirydate": "expiry",
    "strike_price": "strike", "strikeprice": "strike",
    "type": "right", "option_type": "right", "cp_flag": "right", "call_put": "right", "put_call": "right",
    "best_bid": "bid", "bid_price": "bid", "best_offer": "ask", "ask_price": "ask", "offer": "ask",
    "last_price": "last", "close": "last", "settle": "last",
    "implied_volatility": "iv", "impliedvolatility": "iv", "impl_volatility": "iv",
    "underlying_close": "underlying_price", "underlying_last": "underlying_price", "spot": "underlying_price",
    "stock_price": "underlying_price", "stockprice": "underlying_price",
    "contract_size": "multiplier", "lot_size": "multiplier",
    "option_name": "contract", "optionname": "contract", "option_symbol": "contract", "instrument": "contract",
    "contract_symbol": "contract",
}


def match_chain_columns(path: Path, found: Sequence[str]) -> dict[str, str]:
    """Return our name -> name in the file, for the columns we use; other columns are ignored.

    Case, spaces and hyphens do not matter. Raises: DataError with all needed columns that are missing and all that
    stand there twice.
    """
    matched: dict[str, str] = {}
    faults: list[str] = []
    for header in found:
        name = SYNONYMS.get(str(header).strip().lower().replace(" ", "_").replace("-", "_"))
        if name is None:
            continue
        if name in matched:
            faults.append(f"'{matched[name]}' and '{header}' both mean {name}; remove one of them")
        matched[name] = str(header)
    for name in NEEDED:
        if name not in matched:
            known = ", ".join(sorted(theirs for theirs, ours in SYNONYMS.items() if ours == name))
            faults.append(f"no column {name}; it may be called {known}")
    if not any(name in matched for name in PRICES):
        faults.append(f"no price; at least one of {', '.join(PRICES)} is needed")
    if faults:
        raise DataError(f"{path}: the columns of a chain of options are not all there; found: "
                        f"{', '.join(map(str, found))}", faults=faults)
    return matched
