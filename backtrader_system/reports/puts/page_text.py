"""How wide text is on a page, and where its lines break."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import FT2Font, LoadFlags

FONT = "DejaVu Sans"       # comes with Matplotlib, so every machine breaks the same lines
_SIGNS = ("=", "<")
_AFTER_SIGNS = (" =", " <")
_MEASURED_AT = 1_000       # points; widths grow in step with the size


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is printed."""

    text: str
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one weight that stand side by side; x : points from the start of the line."""

    x: float
    text: str
    is_bold: bool


def words_of(text: str, *, is_bold: bool = False) -> list[Word]:
    """Return the words of a text; `5 %` and `p = 0.01` are one; letters that the font lacks become question marks.

    Examples
    --------
    >>> [word.text for word in words_of("at 5 % a year (p = 0.01)")]
    ['at', '5 %', 'a', 'year', '(p = 0.01)']
    """
    words: list[str] = []
    for word in printable(text).split():
        if words and (word.startswith("%") or word in _SIGNS or words[-1].endswith(_AFTER_SIGNS)):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return [Word(word, is_bold) for word in words]


def printable(text: str) -> str:
    """Return text with a question mark for each character that the font cannot print.

    Examples
    --------
    >>> printable("50ETF 购")
    '50ETF ?'
    """
    font = _font(is_bold=False)
    return "".join(letter if font.get_char_index(ord(letter)) else "?" for letter in text)


def text_width(text: str, size: float, *, is_bold: bool = False) -> float:
    """Return the width in points."""
    return _width(text, is_bold) * size / _MEASURED_AT


def wrapped(words: list[Word], width: float, size: float) -> list[list[Run]]:
    """Return the lines of `words` that are no wider than `width` points; a word that is wider is cut.

    Examples
    --------
    >>> [[run.text for run in line] for line in wrapped(words_of("one two three"), 45.0, 10.0)]
    [['one two'], ['three']]
    """
    lines: list[list[Word]] = [[]]
    filled = 0.0
    for word in (part for whole in words for part in _cut(whole, width, size)):
        length = text_width(word.text, size, is_bold=word.is_bold)
        gap = text_width(" ", size, is_bold=word.is_bold) if lines[-1] else 0.0
        if lines[-1] and filled + gap + length > width:
            lines.append([])
            filled, gap = 0.0, 0.0
        lines[-1].append(word)
        filled += gap + length
    return [_runs(line, size) for line in lines]


def _runs(line: list[Word], size: float) -> list[Run]:
    runs: list[Run] = []
    x = 0.0
    for word in line:
        if runs and runs[-1].is_bold == word.is_bold:
            runs[-1] = Run(runs[-1].x, f"{runs[-1].text} {word.text}", word.is_bold)
        else:
            runs.append(Run(x, word.text, word.is_bold))
        last = runs[-1]
        x = last.x + text_width(f"{last.text} ", size, is_bold=last.is_bold)
    return runs


def _cut(word: Word, width: float, size: float) -> list[Word]:
    """Return the pieces of a word that fit, cut where they end."""
    if text_width(word.text, size, is_bold=word.is_bold) <= width:
        return [word]
    pieces, piece = [], ""
    for letter in word.text:
        if piece and text_width(piece + letter, size, is_bold=word.is_bold) > width:
            pieces.append(piece)
            piece = ""
        piece += letter
    return [Word(text, word.is_bold) for text in (*pieces, piece)]


@cache
def _font(*, is_bold: bool) -> FT2Font:
    return get_font(findfont(FontProperties(family=FONT, weight="bold" if is_bold else "normal")))


@lru_cache(maxsize=100_000)
def _width(text: str, is_bold: bool) -> float:
    font = _font(is_bold=is_bold)
    font.set_size(_MEASURED_AT, 72)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    return font.get_width_height()[0] / 64
