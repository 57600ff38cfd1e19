"""Where the columns of a table lie on a page, and where the lines of its cells break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backtrader_system.reports.puts.blocks import Table
from backtrader_system.reports.puts.page_text import Run, text_width, words_of, wrapped

SIZES = (8.0, 7.5, 7.0, 6.5)        # points; the largest at which no cell of a table breaks
WRAPPED_SIZES = (7.5, 7.0, 6.5, 6.0, 5.5)     # else the largest at which only spaces break
PADDING = 3.5                       # points at either side of a cell
LINE = 1.25                         # line height over size
MAX_LINES = 40                      # of one cell
ELLIPSIS = "..."

Cell = list[list[Run]]


@dataclass(frozen=True, slots=True)
class TableLayout:
    """Column starts and widths in points (padding inside), the size of the text, and every cell as lines.

    Examples
    --------
    >>> layout = table_layout(Table(("a", "b"), (("1", "two words"),)), width=400.0)
    >>> layout.size, len(layout.rows), bool(layout.widths[1] > layout.widths[0])
    (8.0, 1, True)
    """

    size: float
    starts: tuple[float, ...]
    widths: tuple[float, ...]
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def height(self, cells: Sequence[Cell]) -> float:
        """Return the height of a row in points."""
        return max(len(cell) for cell in cells) * self.size * LINE + PADDING


def table_layout(block: Table, *, width: float) -> TableLayout:
    """Return the layout of a table that is no wider than `width` points."""
    size, inner = _size_and_widths(block, width)
    widths = inner + 2 * PADDING
    starts = np.concatenate([[0.0], np.cumsum(widths)[:-1]])

    def cells(texts: Sequence[str], *, is_bold: bool = False) -> tuple[Cell, ...]:
        return tuple(_lines(text, room, size, is_bold=is_bold) for text, room in zip(texts, inner, strict=True))

    return TableLayout(size, tuple(starts), tuple(widths), cells(block.header, is_bold=True),
                       tuple(cells(row) for row in block.rows))


def _lines(text: str, room: float, size: float, *, is_bold: bool) -> Cell:
    lines = wrapped(words_of(text, is_bold=is_bold), room + 0.01, size)
    return lines if len(lines) <= MAX_LINES else [*lines[:MAX_LINES - 1], [Run(0.0, ELLIPSIS, is_bold)]]


def _size_and_widths(block: Table, width: float) -> tuple[float, np.ndarray]:
    room = width - 2 * PADDING * len(block.header)
    on_one_line = _widths(block, SIZES[0], by_word=False, has_whole_header=True)
    if on_one_line.sum() <= room:
        return SIZES[0], on_one_line
    for size in SIZES:
        natural = _widths(block, size, by_word=False)
        if natural.sum() <= room:
            return size, natural
    for size in WRAPPED_SIZES:
        natural, longest = (_widths(block, size, by_word=by_word) for by_word in (False, True))
        if longest.sum() <= room:
            return size, _levelled(natural, longest, room)
    return size, longest * room / longest.sum()


def _levelled(natural: np.ndarray, longest: np.ndarray, room: float) -> np.ndarray:
    """Return widths that fill the room: narrow columns keep their natural width, wide ones share what is left."""
    low, high = 0.0, float(natural.max())
    for _ in range(50):
        level = (low + high) / 2
        is_too_wide = np.minimum(natural, np.maximum(longest, level)).sum() > room
        low, high = (low, level) if is_too_wide else (level, high)
    return np.minimum(natural, np.maximum(longest, low))


def _widths(block: Table, size: float, *, by_word: bool, has_whole_header: bool = False) -> np.ndarray:
    """Return the widest text of each column; a header breaks at its spaces unless it has to stay whole."""
    columns = zip(block.header, *block.rows, strict=True)
    return np.array([max(
        [text_width(part, size, is_bold=True) for part in _parts(header, by_word=not has_whole_header)]
        + [text_width(part, size) for cell in cells for part in _parts(cell, by_word=by_word)] + [size])
        for header, *cells in columns])


def _parts(cell: str, *, by_word: bool) -> list[str]:
    words = [word.text for word in words_of(cell)]
    return words if by_word else [" ".join(words)]
