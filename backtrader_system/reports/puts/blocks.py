"""What a report consists of: the text is written once as blocks, and becomes Markdown or pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A title. level : 1 the report's own, 2 a section, 3 a part of it."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. lead : its first words, in bold. is_notice : stands out, such as what of a run is made up."""

    text: str
    lead: str = ""
    is_notice: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; each item is (words in bold, text), either may be empty."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text. right : numbers of the columns aligned to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture that the run may hold as `name`; caption : what is seen."""

    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class PageBreak:
    """A new page where there are pages."""


Block = Heading | Paragraph | Bullets | Table | Chart | PageBreak


def bullets(*texts: str | tuple[str, str]) -> Bullets:
    """Return a list of plain texts or of pairs (words in bold, text).

    Examples
    --------
    >>> bullets("a", ("b:", "c")).items
    (('', 'a'), ('b:', 'c'))
    """
    return Bullets(tuple(text if isinstance(text, tuple) else ("", text) for text in texts))


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> Table:
    """Return a table of any values as text."""
    return Table(tuple(header), tuple(tuple(str(value) for value in row) for row in rows), tuple(right))


def cut_table(header: Sequence[str], rows: Sequence[Sequence[object]], *, shown: int, more: str,
              right: Sequence[int] = ()) -> list[Block]:
    """Return the first `shown` rows as a table, and how many there are beside and where (`more`).

    Examples
    --------
    >>> cut_table(("n",), [(1,), (2,)], shown=1, more="numbers.csv")[1].text
    'And 1 more: numbers.csv.'
    """
    blocks: list[Block] = [table(header, rows[:shown], right=right)]
    return [*blocks, Paragraph(f"And {len(rows) - shown:,} more: {more}.")] if len(rows) > shown else blocks
