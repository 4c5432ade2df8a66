"""Turn text of leads into labels that any picture can show."""

from functools import lru_cache

from matplotlib.font_manager import FontProperties, findfont, get_font

from include.contract.text import clean_text

NO_GLYPH = "□"
"""Stands for a character that the font does not have, as in most programs."""
LONGEST_READ = 500
"""Letters of a text that are looked at; no label is so long."""


def label(text: object, longest: int) -> str:
    """Return the text as a label: one line, at most so many letters, and only such as the font can draw.

    Args:
        text: a level, a field or the like, whatever it holds.
        longest: number of letters; a longer text is cut and ends in an ellipsis.
    """
    words = clean_text(str(text)[:LONGEST_READ]).split()
    line = " ".join(words)
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    glyphs = _glyphs()
    return "".join(
        letter if letter.isprintable() and ord(letter) in glyphs else NO_GLYPH
        for letter in line
    )


@lru_cache
def _glyphs() -> frozenset[int]:
    """Return the code points that matplotlib's default font can draw."""
    font = get_font(findfont(FontProperties()))
    return frozenset(font.get_charmap())
