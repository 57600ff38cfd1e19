"""Blocks as Markdown."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backtrader_system.reports import markdown_table
from backtrader_system.reports.markdown_table import cell
from backtrader_system.reports.puts.blocks import Block, Bullets, Chart, Heading, PageBreak, Paragraph, Table


def markdown_text(blocks: Sequence[Block], *, files: Collection[str]) -> str:
    """Return the report as Markdown. files : names or relative paths beside it; charts among them are shown.

    Examples
    --------
    >>> print(markdown_text([Heading("One"), Paragraph("two", lead="Yes.")], files=()), end="")
    ## One
    <BLANKLINE>
    **Yes.** two
    """
    paths = {name.rpartition("/")[2]: name for name in files}
    lines = [line for block in blocks for line in _lines(block, paths)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _lines(block: Block, paths: dict[str, str]) -> list[str]:
    if isinstance(block, Heading):
        return [f"{'#' * block.level} {cell(block.text)}", ""]
    if isinstance(block, Paragraph):
        text = _with_lead(block.lead, block.text)
        return [f"> **{text}**" if block.is_notice else text, ""]
    if isinstance(block, Bullets):
        return [*(f"- {_with_lead(lead, text)}" for lead, text in block.items), ""]
    if isinstance(block, Table):
        return markdown_table.table([cell(name) for name in block.header], block.rows, right=block.right)
    if isinstance(block, Chart) and block.name in paths:
        return [f"![{cell(block.caption)}]({paths[block.name]})", ""]
    assert isinstance(block, Chart | PageBreak)
    return []


def _with_lead(lead: str, text: str) -> str:
    return " ".join(part for part in (f"**{cell(lead)}**" if lead else "", cell(text)) if part)
