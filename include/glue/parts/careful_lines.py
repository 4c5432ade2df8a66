"""Lines of a part of a file, for the careful path: decoded where they are looked at, and it is noticed how far."""

from collections.abc import Iterator, Sequence
from typing import overload

from include.glue.records.csv_lines import Line, decode_line


class SeenLines(Sequence[Line]):
    """The lines of some bytes.

    Attributes:
        reached_end: whether the last line was looked at; what the careful path says may then depend on what follows.
        cut: whether there were more lines than asked for.
    """

    def __init__(self, content: bytes, most: int | None = None) -> None:
        """Split the bytes into lines, at most so many; none is decoded yet."""
        lines = content.splitlines(keepends=True)
        self.cut = most is not None and len(lines) > most
        self._lines = lines[:most]
        self._decoded: dict[int, Line] = {}
        self.reached_end = False

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Line: ...

    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...

    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if index >= len(self._lines) - 1:
            self.reached_end = True
        line = self._decoded.get(index)
        if line is None:
            line = decode_line(self._lines[index])
            self._decoded[index] = line
        return line

    def size(self, lines: int) -> int:
        """Return how many bytes the first lines take."""
        return sum(len(line) for line in self._lines[:lines])
