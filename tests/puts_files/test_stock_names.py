"""Three spellings of a stock."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.files.stock_names import read_stock_names

HEADER = "ticker,stock_name,symbol\n"


def written(folder, text):
    path = folder / "names.csv"
    path.write_text(text)
    return path


def test_all_spellings_lead_to_the_symbol(tmp_path):
    names = read_stock_names(written(tmp_path, HEADER + "AAK,AAK AB,AAK.ST\n"))
    assert names.symbols(pd.Series(["AAK", "AAK AB", "AAK.ST"])).tolist() == ["AAK.ST"] * 3


def test_nothing_is_matched_by_likeness(tmp_path):
    names = read_stock_names(written(tmp_path, HEADER + "AAK,AAK AB,AAK.ST\n"))
    assert names.unmatched(["aak", "AAK  AB", "AAK AB", "AAK-ST"]) == ["AAK  AB", "AAK-ST", "aak"]


def test_a_renamed_stock_has_a_row_for_every_name(tmp_path):
    names = read_stock_names(written(tmp_path, HEADER + "SWMA,Swedish Match,SWMA.ST\nSWMA2,Swedish Match AB,SWMA.ST\n"))
    assert names.unmatched(["Swedish Match", "Swedish Match AB", "SWMA2"]) == []


def test_a_spelling_of_two_stocks_is_refused(tmp_path):
    path = written(tmp_path, HEADER + "ABB,ABB Ltd,ABB.ST\nABB,ABB AG,ABBN.SW\n,X,X.ST\n")
    with pytest.raises(DataError) as caught:
        read_stock_names(path)
    assert "line 3: 'ABB' stands for ABB.ST and for ABBN.SW" in str(caught.value)
    assert "line 4: ticker is empty" in str(caught.value)


def test_other_columns_are_refused(tmp_path):
    with pytest.raises(DataError, match="columns must be ticker, stock_name, symbol; found a, b, c"):
        read_stock_names(written(tmp_path, "a,b,c\n1,2,3\n"))


def test_without_a_map_names_stay(tmp_path):
    names = read_stock_names(None)
    assert names.symbols(pd.Series(["AAK AB"])).tolist() == ["AAK AB"]
    assert names.unmatched(["anything"]) == []
