"""Tables and text in Markdown that stay what they are, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> list[str]:
    """Return the lines of a Markdown table; `right` are the numbers of the columns aligned to the right.

    Examples
    --------
    >>> table(("symbol", "P&L"), [("A|B", -3)], right=(1,))
    ['| symbol | P&L |', '| --- | ---: |', '| A\\\\|B | -3 |', '']
    """
    rule = ["---:" if number in right else "---" for number in range(len(header))]
    lines = [list(header), rule, *([cell(value) for value in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def cell(value: object) -> str:
    """Return text that stays inside its cell and is not taken for a tag or a new line."""
    text = " ".join(str(value).split())
    for character, replacement in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("`", "\\`"), ("*", "\\*"),
                                   ("[", "\\["), ("]", "\\]")):
        text = text.replace(character, replacement)
    return text


def bullets(items: Sequence[object], *, shown: int, more: str) -> list[str]:
    """Return the first `shown` items as a list; the last line counts the rest and says where it is (`more`)."""
    lines = [f"- {cell(item)}" for item in items[:shown]]
    if len(items) > shown:
        lines.append(f"- and {len(items) - shown:,} more: {more}")
    return [*lines, ""]
