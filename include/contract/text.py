"""Clean text as people and spreadsheets write it, and find the column that a header means.

One set of rules for the Glue job, the API, the replay and the desk's uploads. Runs on Glue 5.0 (Python 3.11) with
nothing but the standard library.

    clean_text(" Google\u200b")                        # "Google"
    Headings([("Lead Number", "lead_number")]).find("LEAD_NUMBER")   # "lead_number"
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

INVISIBLE = re.compile(
    "["
    "\u00ad"  # soft hyphen
    "\u034f"  # combining grapheme joiner
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks of writing direction
    "\u180e\u200b\u2060-\u2064\ufeff"  # zero-width space, word joiner, byte order mark and their like
    "]"
)
"""Characters that nobody sees and that mean nothing; they are removed wherever they stand."""

JOINERS = "\u200c\u200d"
"""Zero-width joiners. Inside a word of Persian or Hindi they change how it is written; at an end they mean nothing."""

SPACES = re.compile(r"[^\S\t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029 ]")
"""White space that is neither a plain space nor a control character nor a line end, such as a no-break space."""

SEPARATORS = re.compile(r"[\s_]+")


def clean_text(text: str) -> str:
    """Return the text without invisible characters and outer white space, in Unicode's composed form (NFC).

    Every other kind of space becomes a plain one. Text that looks the same to a reader is then the same text.
    """
    if text.isascii():
        return text.strip()
    text = INVISIBLE.sub("", text)
    text = SPACES.sub(" ", text)
    text = unicodedata.normalize("NFC", text)
    return _strip(text)


def _strip(text: str) -> str:
    """Return the text without white space and joiners at its ends, in whatever order they stand there."""
    while True:
        stripped = text.strip().strip(JOINERS)
        if stripped == text:
            return text
        text = stripped


def heading_key(heading: str) -> str:
    """Return what is compared of a heading: without case, white space and underscores, in Unicode's form NFKC."""
    compatible = unicodedata.normalize("NFKC", clean_text(heading))
    return SEPARATORS.sub("", compatible).casefold()


class Headings:
    """Find the column that a heading of a file, or a name in a request, means.

    A heading means a column if it is its name or field, or differs from one of them only by case, white space,
    underscores and what `clean_text` removes. A heading that would mean two columns in this loose way means neither.
    """

    def __init__(self, columns: Iterable[tuple[str, str]]) -> None:
        """Derive every spelling.

        Args:
            columns: name and field of each column.
        """
        self._exact: dict[str, str] = {}
        self._fields_by_key: dict[str, set[str]] = {}
        for name, field in columns:
            for spelling in (name, field):
                self._exact[spelling] = field
                key = heading_key(spelling)
                self._fields_by_key.setdefault(key, set()).add(field)

    def find(self, heading: str) -> str | None:
        """Return the field of the column that a heading means, None if it means none or cannot be told apart."""
        field = self._exact.get(heading)
        if field is not None:
            return field
        fields = self._fields_by_key.get(heading_key(heading), set())
        if len(fields) == 1:
            return next(iter(fields))
        return None

    def recognised(self, headings: Sequence[str]) -> int:
        """Return how many of the headings mean a column."""
        return sum(self.find(heading) is not None for heading in headings)
