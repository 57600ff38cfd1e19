"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of real market data, or skip: it is not part of the project."""
    folder = Path(os.environ.get("BACKTRADER_SYSTEM_DATA", PROJECT.parent / "shared" / "data"))
    if not (folder / "prices_largecaps_2018_2023.parquet").is_file():
        pytest.skip(f"no real market data in {folder}; set BACKTRADER_SYSTEM_DATA")
    return folder
