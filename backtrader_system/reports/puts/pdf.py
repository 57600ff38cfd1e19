"""Blocks as a PDF file; equal input gives equal bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from backtrader_system.reports.figure_style import MUTED, house_style
from backtrader_system.reports.puts.blocks import Block, Chart
from backtrader_system.reports.puts.page_layout import (
    INK,
    MARGIN,
    NOTICE,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    SMALL,
    TOP,
    WIDTH,
    Box,
    Mark,
    Picture,
    Rule,
    Text,
    pages_of,
)
from backtrader_system.reports.puts.page_text import FONT, printable, text_width

HEADER_Y, FOOTER_Y = 38.0, 822.0
DOTS_PER_INCH = 170        # of the charts inside


def pdf_bytes(blocks: Sequence[Block], *, charts: Mapping[str, Callable[[], Figure]], header: str,
              title: str) -> bytes:
    """Return the report as PDF: A4 pages with `header` above and page numbers below.

    charts : what draws each chart by name; a chart of `blocks` that is not among them is left out.
    title : the document's title in its properties. No date is inside.
    """
    wanted = [block.name for block in blocks if isinstance(block, Chart) and block.name in charts]
    pictures = {name: _pixels(charts[name]()) for name in wanted}
    pages = pages_of(blocks, pictures)
    buffer = io.BytesIO()
    # Fonts of type 42: text that can be searched and copied.
    with house_style(), matplotlib.rc_context({"pdf.fonttype": 42, "pdf.compression": 9}), PdfPages(
            buffer, metadata={"Title": printable(title), "Creator": None, "Producer": None,
                              "CreationDate": None}) as pdf:
        for number, marks in enumerate(pages, start=1):
            furniture = _furniture(header, f"{number} of {len(pages)}")
            pdf.savefig(_page([*marks, *furniture], pictures))
    return buffer.getvalue()


def _furniture(header: str, page: str) -> list[Mark]:
    """Return what stands on every page: header, rule and page number."""
    words = printable(header)
    while text_width(words, SMALL) > WIDTH:
        words = f"{words[:-4]}..."
    return [Text(MARGIN, HEADER_Y, words, SMALL), Rule(MARGIN, HEADER_Y + (TOP - HEADER_Y) / 4, WIDTH, MUTED),
            Text(PAGE_WIDTH - MARGIN - text_width(page, SMALL), FOOTER_Y, page, SMALL)]


def _page(marks: Sequence[Mark], pictures: Mapping[str, np.ndarray]) -> Figure:
    figure = Figure(figsize=(PAGE_WIDTH / 72, PAGE_HEIGHT / 72))
    for mark in marks:
        _draw(figure, mark, pictures)
    return figure


def _draw(figure: Figure, mark: Mark, pictures: Mapping[str, np.ndarray]) -> None:
    x, y = mark.x / PAGE_WIDTH, 1 - mark.y / PAGE_HEIGHT
    if isinstance(mark, Text):
        figure.text(x, y, mark.text, fontsize=mark.size, fontfamily=FONT, color=INK, va="baseline", parse_math=False,
                    fontweight="bold" if mark.is_bold else "normal")
    elif isinstance(mark, Rule):
        figure.add_artist(Line2D([x, x + mark.width / PAGE_WIDTH], [y, y], color=mark.color, linewidth=0.6))
    elif isinstance(mark, Box):
        height = mark.height / PAGE_HEIGHT
        figure.add_artist(Rectangle((x, y - height), mark.width / PAGE_WIDTH, height, color=NOTICE, linewidth=0,
                                    zorder=-1))
    else:
        assert isinstance(mark, Picture)
        height = mark.height / PAGE_HEIGHT
        axes = figure.add_axes((x, y - height, mark.width / PAGE_WIDTH, height))
        axes.imshow(pictures[mark.name], aspect="auto", interpolation="none")
        axes.axis("off")


def _pixels(figure: Figure) -> np.ndarray:
    """Return a chart as colours, shape (height, width, 3), bytes."""
    with house_style():
        figure.set_dpi(DOTS_PER_INCH)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()
