"""Blocks laid out on pages: what stands where, in points from the upper left corner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from backtrader_system.reports.puts.blocks import Block, Bullets, Chart, Heading, PageBreak, Paragraph, Table
from backtrader_system.reports.puts.page_text import Run, text_width, words_of, wrapped
from backtrader_system.reports.puts.table_layout import LINE, PADDING, Cell, TableLayout, table_layout

PAGE_WIDTH, PAGE_HEIGHT = 595.0, 842.0      # A4
MARGIN = 46.0
TOP, BOTTOM = 62.0, 800.0                   # between them lies the text
WIDTH = PAGE_WIDTH - 2 * MARGIN
BODY, SMALL = 9.5, 7.0
HEADINGS = {1: 17.0, 2: 13.0, 3: 10.5}
INDENT = 12.0
AFTER = 6.0                                 # below a block
TOGETHER = 240.0                            # a table no higher than this is not split
LEAST_OF_TABLE = 70.0                       # of a longer one, before a page ends
INK, RULE, FAINT_RULE, NOTICE = "#111111", "#444444", "#D5D5D5", "#FFF1D6"


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text of one weight; y : its baseline."""

    x: float
    y: float
    text: str
    size: float
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line."""

    x: float
    y: float
    width: float
    color: str


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle behind text; y : its upper edge."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart by its file name; y : its upper edge."""

    x: float
    y: float
    width: float
    height: float
    name: str


Mark = Text | Rule | Box | Picture


def pages_of(blocks: Sequence[Block], pictures: Mapping[str, np.ndarray]) -> list[list[Mark]]:
    """Return the marks of every page.

    pictures : pixels by name of chart, shape (height, width, 3 or 4); a chart without pixels is left out.
    A long table goes on at the next page under its header again; a heading never stands alone at the foot.

    Examples
    --------
    >>> pages = pages_of([Heading("One"), Paragraph("two")], {})
    >>> [mark.text for mark in pages[0] if isinstance(mark, Text)]
    ['One', 'two']
    """
    sheets = _Sheets(pictures)
    for number, block in enumerate(blocks):
        sheets.add(block, blocks[number + 1] if number + 1 < len(blocks) else None)
    return sheets.pages


@dataclass(slots=True)
class _Sheets:
    pictures: Mapping[str, np.ndarray]
    pages: list[list[Mark]] = field(default_factory=lambda: [[]])
    y: float = TOP

    def add(self, block: Block, following: Block | None) -> None:
        if isinstance(block, Heading):
            self._heading(block, following)
        elif isinstance(block, Paragraph):
            self._paragraph(block)
        elif isinstance(block, Bullets):
            for lead, text in block.items:
                self._bullet(lead, text)
            self.y += AFTER / 2
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Chart):
            self._chart(block)
        else:
            assert isinstance(block, PageBreak)
            self._new_page()

    def _new_page(self) -> None:
        if self.pages[-1]:
            self.pages.append([])
        self.y = TOP

    def _need(self, height: float) -> None:
        if self.y + height > BOTTOM:
            self._new_page()

    def _heading(self, block: Heading, following: Block | None) -> None:
        size = HEADINGS[block.level]
        lines = wrapped(words_of(block.text, is_bold=True), WIDTH, size)
        self.y += size * (0.7 if self.y > TOP else 0.0)
        self._need(len(lines) * size * LINE + AFTER + self._least(following))
        for line in lines:
            self._line(line, MARGIN, size)
        self.y += AFTER / 2

    def _least(self, block: Block | None) -> float:
        """Return how much of the block below a heading must stand on the same page."""
        if isinstance(block, Chart):
            return self._chart_height(block)
        return self._table_height(block) if isinstance(block, Table) else 3 * BODY * LINE

    def _table_height(self, block: Table) -> float:
        """Return how much of a table must stand on one page: all of a small one."""
        layout = table_layout(block, width=WIDTH)
        height = sum(layout.height(row) for row in (layout.header, *layout.rows))
        return height if height <= TOGETHER else LEAST_OF_TABLE

    def _paragraph(self, block: Paragraph) -> None:
        words = [*words_of(block.lead, is_bold=True), *words_of(block.text, is_bold=block.is_notice)]
        inset = PADDING if block.is_notice else 0.0
        lines = wrapped(words, WIDTH - 2 * inset, BODY)
        if block.is_notice:
            height = len(lines) * BODY * LINE + 2 * PADDING
            self._need(height)
            self.pages[-1].append(Box(MARGIN, self.y, WIDTH, height))
            self.y += PADDING
        for line in lines:
            self._need(BODY * LINE)
            self._line(line, MARGIN + inset, BODY)
        self.y += AFTER + inset

    def _bullet(self, lead: str, text: str) -> None:
        lines = wrapped([*words_of(lead, is_bold=True), *words_of(text)], WIDTH - INDENT, BODY)
        for number, line in enumerate(lines):
            self._need(BODY * LINE)
            if number == 0:
                self._mark_bullet()
            self._line(line, MARGIN + INDENT, BODY)
        self.y += AFTER / 3

    def _mark_bullet(self) -> None:
        self.pages[-1].append(Text(MARGIN + INDENT / 3, self.y + BODY, "•", BODY))

    def _line(self, runs: Sequence[Run], x: float, size: float) -> None:
        self.pages[-1] += [Text(x + run.x, self.y + size, run.text, size, run.is_bold) for run in runs]
        self.y += size * LINE

    def _chart_height(self, block: Chart) -> float:
        pixels = self.pictures.get(block.name)
        if pixels is None:
            return 0.0
        return min(WIDTH * pixels.shape[0] / pixels.shape[1], BOTTOM - TOP - 40.0)

    def _chart(self, block: Chart) -> None:
        height = self._chart_height(block)
        if not height:
            return
        pixels = self.pictures[block.name]
        self._need(height)
        width = min(WIDTH, height * pixels.shape[1] / pixels.shape[0])
        self.pages[-1].append(Picture(MARGIN, self.y, width, height, block.name))
        self.y += height + AFTER

    def _table(self, block: Table) -> None:
        layout = table_layout(block, width=WIDTH)
        self._need(self._table_height(block))
        self._header(layout, block)
        for row in layout.rows:
            if self.y + layout.height(row) > BOTTOM:
                self._new_page()
                self._header(layout, block)
            self._row(layout, row, block.right, FAINT_RULE)
        self.y += AFTER + 2.0

    def _header(self, layout: TableLayout, block: Table) -> None:
        if any(block.header):
            self._row(layout, layout.header, block.right, RULE)

    def _row(self, layout: TableLayout, cells: Sequence[Cell], right: Sequence[int], color: str) -> None:
        height = layout.height(cells)
        for number, (start, cell_lines) in enumerate(zip(layout.starts, cells, strict=True)):
            left = MARGIN + start + PADDING
            room = layout.widths[number] - 2 * PADDING
            for row, runs in enumerate(cell_lines):
                baseline = self.y + layout.size * (1.0 + row * LINE)
                shift = room - _length(runs, layout.size) if number in right else 0.0
                self.pages[-1] += [Text(left + shift + run.x, baseline, run.text, layout.size, run.is_bold)
                                   for run in runs]
        self.y += height
        self.pages[-1].append(Rule(MARGIN, self.y - PADDING / 2, sum(layout.widths), color))


def _length(runs: Sequence[Run], size: float) -> float:
    return runs[-1].x + text_width(runs[-1].text, size, is_bold=runs[-1].is_bold) if runs else 0.0
