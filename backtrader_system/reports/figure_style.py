"""How every plot looks, and how it becomes bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

# Okabe and Ito (2008): told apart by people with any of the common kinds of colour blindness.
STRATEGY = "#0072B2"
BASELINE = "#E69F00"
LOSS = "#D55E00"
MUTED = "#6B6B6B"
SIZE_INCHES = (10.0, 5.6)
DOTS_PER_INCH = 120
CORNER_INCHES = 0.18        # the strip under the plot that holds the run's name


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with Matplotlib's own defaults, whatever style the caller's session has set."""
    with matplotlib.style.context("default"):
        yield


def new_figure(title: str, *, corner: str, height: float = SIZE_INCHES[1]) -> Figure:
    """Return an empty figure with a title and, in the lower right corner, the run it shows."""
    figure = Figure(figsize=(SIZE_INCHES[0], height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    strip = CORNER_INCHES / height
    figure.get_layout_engine().set(rect=(0, strip, 1, 1 - strip))
    figure.suptitle(title, fontsize=12, x=0.01, ha="left", parse_math=False)
    figure.text(0.995, 0.008, corner, fontsize=7, color=MUTED, ha="right", va="bottom", parse_math=False)
    return figure


def dress(axes: Axes, *, ylabel: str, sessions: pd.Series | None = None) -> None:
    """Give `axes` its label, a quiet grid and, if it shows sessions, readable dates."""
    axes.set_ylabel(ylabel)
    axes.grid(True, color="#DDDDDD", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if sessions is None:
        return
    axes.set_xlabel("session")
    days = (sessions.iloc[-1] - sessions.iloc[0]).days
    if days == 0:
        axes.set_xticks([sessions.iloc[0]], [f"{sessions.iloc[0]:%Y-%m-%d}"])
        return
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=10))
    axes.xaxis.set_major_formatter(DateFormatter(_date_format(days)))
    axes.set_xlim(sessions.iloc[0], sessions.iloc[-1])


def legend_above(axes: Axes, *, columns: int = 4) -> None:
    """Put the legend between title and plot, where it hides no data."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, fontsize=9, borderaxespad=0.2)


def thousands(axes: Axes) -> None:
    """Write the y axis as whole numbers with thousands separated."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def whole_numbers(axes: Axes) -> None:
    """Put y ticks on whole numbers only."""
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def png_bytes(figure: Figure) -> bytes:
    """Return a freshly drawn figure as PNG; equal input gives equal bytes: no program name, no date inside."""
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def _date_format(days: int) -> str:
    if days > 5 * 365:
        return "%Y"
    return "%b %Y" if days > 100 else "%Y-%m-%d"
