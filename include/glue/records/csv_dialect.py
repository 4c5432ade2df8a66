"""Says which signs a CSV file is written with."""

from typing import NamedTuple


class Dialect(NamedTuple):
    """The signs of a CSV file: between two cells, and around a cell."""

    delimiter: str = ","
    quote: str = '"'

    @property
    def delimiter_byte(self) -> int | None:
        """Return the delimiter in UTF-8, None where it takes more than one byte."""
        return ord(self.delimiter) if self.delimiter.isascii() else None

    @property
    def quote_byte(self) -> int:
        """Return the quote in UTF-8."""
        return ord(self.quote)
