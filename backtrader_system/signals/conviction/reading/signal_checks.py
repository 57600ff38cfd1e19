"""What makes a row of a signal file unusable, and what is odd about one that is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.fields import BLOCKS, PRICES, RANGES, TEXTS
from backtrader_system.signals.conviction.issues import EXCLUDED, WARNING
from backtrader_system.signals.conviction.reading.parsed_rows import RowFault, has_content
from backtrader_system.signals.conviction.reading.plain_words import is_plain_word

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-/]{0,14}")
MAX_SCORE = 10.0
# The first scraper added 2 for an endorsement after it had capped its score at 10.
MAX_ENDORSED_SCORE = 12.0


def ticker_faults(table: pd.DataFrame) -> list[RowFault]:
    """Return tickers that cannot be symbols (excluded) and those that are more likely words (warning).

    A symbol has 1 to 15 capitals, digits, dots, dashes or slashes and at least one letter or digit in front.
    """
    faults = []
    for row, (ticker, message) in enumerate(zip(table["ticker"].tolist(), table["message"].tolist(),
                                                 strict=True)):
        if not _SYMBOL.fullmatch(ticker):
            faults.append(RowFault(row, EXCLUDED, "bad_ticker", f"'{ticker[:40]}' cannot be a symbol",
                                   "name one symbol of 1 to 15 letters, digits, . - /"))
        elif is_plain_word(ticker, message):
            faults.append(RowFault(row, WARNING, "plain_word_ticker", f"'{ticker}' is a word of the language or trade",
                                   "check that a symbol is meant"))
    return faults


def score_faults(table: pd.DataFrame) -> list[RowFault]:
    """Return scores outside 0 to 12 (excluded: another scale or a shifted column) and above 10 (warning)."""
    scores = table["recorded_score"].to_numpy(dtype=float)
    wrong = (scores < 0) | (scores > MAX_ENDORSED_SCORE)
    faults = [RowFault(row, EXCLUDED, "score_out_of_range", f"score {scores[row]:g}", "scores are 0 to 10")
              for row in np.flatnonzero(wrong)]
    high = (scores > MAX_SCORE) & ~wrong
    return faults + [RowFault(row, WARNING, "score_above_10", f"score {scores[row]:g}",
                              "kept; the endorsement of the first scraper adds 2 after its cap")
                     for row in np.flatnonzero(high)]


def within_ranges(table: pd.DataFrame) -> tuple[pd.DataFrame, list[RowFault]]:
    """Return the table with impossible values taken as missing, and a warning for each.

    A price of 0 is a failed price feed, not a worthless asset.
    """
    mended: dict[str, pd.Series] = {}
    faults: list[RowFault] = []
    for field, (low, high) in RANGES.items():
        values = table[field]
        wrong = (values < low) | (values > high) | ((values == 0) & (field in PRICES))
        if not wrong.any():
            continue
        mended[field] = values.mask(wrong)
        allowed = "above 0" if field in PRICES else f"{low:g} or more" if np.isinf(high) else f"{low:g} to {high:g}"
        faults += [RowFault(row, WARNING, "impossible_value", f"{field} {values.iloc[row]:g} is not {allowed}",
                            "taken as missing") for row in np.flatnonzero(wrong)]
    return table.assign(**mended), faults


def misplaced_text_faults(outcomes: Mapping[str, Sequence[str]]) -> list[RowFault]:
    """Return rows that hold a sentence in a column of results: their cells are shifted, what they say is not read."""
    return [RowFault(row, WARNING, "misplaced_text", f"{header} holds '{text[:40]}'",
                     "move the text to its column; it is not read")
            for header, texts in outcomes.items() for row, text in enumerate(texts) if text.count(" ") >= 2]


def repeated_id_faults(table: pd.DataFrame, usable: np.ndarray) -> list[RowFault]:
    """Return what is wrong with rows that repeat an id, in the order of the file.

    Rows of one id are revisions of one signal. Identical: the first is kept (warning). Another ticker, source or time
    than the first: excluded. A block that differs although its stamp is the same or missing: excluded, because nobody
    can say which of the two was known when. Blocks that differ and carry different stamps are revisions.
    """
    repeated = table["signal_id"].duplicated(keep=False).to_numpy() & usable
    rows = np.flatnonzero(repeated)
    if not len(rows):
        return []
    part = table.iloc[rows]
    posted = part["signal_time"].astype("int64").tolist()
    identities = list(zip(*(part[name].tolist() for name in ("signal_id", "ticker", "source")), posted, strict=True))
    blocks = [list(_block_values(part, block)) for block in BLOCKS]
    first: dict[str, tuple[object, ...]] = {}
    stated: dict[tuple[str, int, object], object] = {}
    faults: list[RowFault] = []
    for place, row in enumerate(rows):
        identity = identities[place]
        keys = {(identity[0], number, values[place][0]): values[place][1]
                for number, values in enumerate(blocks) if values[place][1] is not None}
        fault = _repeated_fault(int(row), identity, keys, first.setdefault(identity[0], identity), stated)
        if fault:
            faults.append(fault)
        if not fault or fault.severity == WARNING:
            stated |= keys
    return faults


def _repeated_fault(
    row: int, identity: tuple[object, ...], keys: Mapping[tuple[str, int, object], object],
    first: tuple[object, ...], stated: Mapping[tuple[str, int, object], object]
) -> RowFault | None:
    if identity != first:
        return RowFault(row, EXCLUDED, "id_of_another_signal",
                        f"id '{identity[0]}' belongs to {first[1]} of {pd.Timestamp(first[3])} UTC",
                        "give every signal its own id")
    differing = [list(BLOCKS)[key[1]] for key, values in keys.items() if key in stated and stated[key] != values]
    if differing:
        return RowFault(row, EXCLUDED, "duplicate_id", f"id '{identity[0]}' again, {', '.join(differing)} differs",
                        "stamp each revision with the time at which it was read, or remove one")
    if first is not identity and all(key in stated for key in keys):
        return RowFault(row, WARNING, "duplicate_row", f"id '{identity[0]}' again with the same values",
                        "the first is kept")
    return None


def _block_values(part: pd.DataFrame, block: str) -> Iterator[tuple[object, object]]:
    fields = list(BLOCKS[block])
    plain = {field: part[field] if field in TEXTS else part[field].astype(object).where(part[field].notna(), None)
             for field in fields}
    stated = has_content(part, block)
    rows = zip(*(values.tolist() for values in plain.values()), strict=True)
    instants = part[f"known:{block}"].astype("int64").tolist()
    return ((known, values if has else None)
            for known, values, has in zip(instants, rows, stated.tolist(), strict=True))
