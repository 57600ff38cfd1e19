"""Small chain files, one quote a row."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.puts.chain_reading.read_chain import read_chain
from backtrader_system.settings.puts import PutsSettings

GOOD = {"quote_date": "2024-01-02", "underlying": "A", "expiry": "2024-01-19", "strike": 90.0, "right": "P",
        "bid": 1.0, "ask": 1.2, "last": 1.1, "underlying_price": 100.0}


@pytest.fixture
def quote_file(tmp_path):
    """Return a function that writes rows, each a change of one good quote, as a CSV file."""
    def write(*changes, name="quotes.csv"):
        path = tmp_path / name
        pd.DataFrame([{**GOOD, **change} for change in changes]).to_csv(path, index=False)
        return path
    return write


@pytest.fixture
def chain_of(quote_file):
    """Return a function that reads rows, each a change of one good quote, as a chain."""
    def read(*changes, quotes=None, calendar=None):
        return read_chain(quote_file(*changes), PutsSettings(quotes=quotes or {}), calendar=calendar)
    return read


@pytest.fixture
def issues_of(chain_of):
    """Return a function that reads such rows beside a good one and gives the counts by severity and rule."""
    def read(*changes, **options):
        chain = chain_of({"strike": 50.0}, *changes, **options)
        return {(issue.severity, issue.rule): issue.count for issue in chain.issues}
    return read
