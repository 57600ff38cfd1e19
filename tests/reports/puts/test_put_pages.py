"""Pages of the PDF: nothing runs over an edge, long tables go on, equal runs give equal bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backtrader_system.reports.puts.blocks import Chart, Heading, Paragraph, bullets, table
from backtrader_system.reports.puts.page_layout import (
    BOTTOM,
    MARGIN,
    PAGE_WIDTH,
    TOP,
    Box,
    Picture,
    Rule,
    Text,
    pages_of,
)
from backtrader_system.reports.puts.page_text import text_width
from backtrader_system.reports.puts.pdf import pdf_bytes
from backtrader_system.reports.puts.report import put_report_pdf, report_blocks

SLACK = 0.5     # points


def outside(pages) -> list[object]:
    """Return the marks that cross a margin."""
    right = PAGE_WIDTH - MARGIN + SLACK
    found = []
    for mark in (mark for page in pages for mark in page):
        width = text_width(mark.text, mark.size, is_bold=mark.is_bold) if isinstance(mark, Text) else mark.width
        height = mark.height if isinstance(mark, Box | Picture) else 0.0
        if mark.x < MARGIN - SLACK or mark.x + width > right or mark.y < TOP or mark.y + height > BOTTOM + 10:
            found.append(mark)
    return found


def texts(page) -> list[str]:
    return [mark.text for mark in page if isinstance(mark, Text)]


def test_nothing_of_the_report_runs_over_an_edge(put_result):
    for result in (put_result(), put_result(n_expiries=5, n_underlyings=1)):
        blocks = report_blocks(result, files=["manifest.json"])
        pictures = {block.name: np.zeros((56, 100, 3), np.uint8) for block in blocks if isinstance(block, Chart)}

        assert outside(pages_of(blocks, pictures)) == []


@pytest.mark.parametrize("columns", [1, 7, 16])
def test_a_table_of_any_width_stays_on_the_page(columns):
    rows = [["x" * 400, *["-1,234,567.89 to 1,234,567.89"] * (columns - 1)]] * 3

    assert outside(pages_of([table([f"a rather long header {n}" for n in range(columns)], rows)], {})) == []


def test_a_long_table_goes_on_under_its_header():
    pages = pages_of([table(("number", "word"), [(n, f"row {n}") for n in range(200)])], {})

    assert len(pages) > 2
    assert all(texts(page)[:2] == ["number", "word"] for page in pages)
    rows = [text for page in pages for text in texts(page) if text.startswith("row ")]
    assert rows == [f"row {n}" for n in range(200)]


def test_a_small_table_is_not_split_and_a_heading_stays_with_it():
    filler = [Paragraph("word " * 110) for _ in range(8)]

    pages = pages_of([*filler, Heading("Title"), table(("a",), [(n,) for n in range(12)])], {})

    assert len(pages) == 2
    assert texts(pages[1])[:2] == ["Title", "a"]


def test_a_chart_without_pixels_is_left_out_and_one_with_them_keeps_its_shape():
    pages = pages_of([Chart("a.png", "a"), Chart("b.png", "b")], {"b.png": np.zeros((50, 100, 3), np.uint8)})

    (picture,) = [mark for mark in pages[0] if isinstance(mark, Picture)]
    assert picture.name == "b.png"
    assert picture.height == pytest.approx(picture.width / 2)


def test_rows_are_ruled_and_a_notice_is_boxed():
    (page,) = pages_of([Paragraph("Made up.", is_notice=True), table(("a",), [("1",)]), bullets("one")], {})

    assert [type(mark) for mark in page if not isinstance(mark, Text)] == [Box, Rule, Rule]
    assert [mark.is_bold for mark in page if isinstance(mark, Text) and mark.text == "Made up."] == [True]


def test_equal_runs_give_equal_bytes_without_a_date(put_result):
    few = put_result().tables["random_portfolios"]      # one chart beside those of the account

    first, second = (put_report_pdf(replace(put_result(), tables={"random_portfolios": few}), files=["manifest.json"])
                     for _ in range(2))

    assert first == second
    assert first.startswith(b"%PDF-")
    assert b"CreationDate" not in first
    assert b"ModDate" not in first


def test_letters_that_the_font_lacks_are_no_error():
    assert pdf_bytes([Paragraph("上证50ETF")], charts={}, header="上证", title="上证").startswith(b"%PDF-")
