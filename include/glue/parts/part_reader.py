"""Reads a part of a CSV file block by block: plain records as columns, all others by the careful path.

What comes out is what `include.glue.records.csv_records.parse_records` yields of the same bytes, in another order: a
test compares the two. Only a few blocks are held at a time.
"""

from collections.abc import Iterator

from include.glue.job_contract import JobContract
from include.glue.parts.block_walk import BlockWalk
from include.glue.parts.chunks import Chunk, ChunkMaker
from include.glue.parts.source_bytes import ByteSource
from include.glue.records.csv_header import Header
from include.glue.records.csv_records import Record, name_footer

BLOCK_BYTES = 8 * 1024 * 1024
BEYOND_BYTES = 256 * 1024
"""Read beyond the end of a part, to finish its last record."""


class PartReader:
    """Reads one part of a file, whose header is known.

    Attributes:
        offset: of the first byte that is not read yet, in the file.
        lines: that have been read, those above included.
    """

    def __init__(
        self,
        contract: JobContract,
        header: Header,
        source: ByteSource,
        content: bytes,
        offset: int,
        end: int | None = None,
        lines: int = 0,
    ) -> None:
        """Read nothing yet.

        Args:
            contract: what a row is.
            header: of the file.
            source: gives what lies behind `content`.
            content: first bytes of the part; a record begins with them.
            offset: of these bytes in the file.
            end: records that begin before this offset belong to the part; None: all.
            lines: of the file that are known to lie above.
        """
        self.offset = offset
        self.lines = lines
        self._contract = contract
        self._header = header
        self._source = source
        self._content = content
        self._end = end
        self._maker = ChunkMaker(contract, header)
        self._pending: list[Record] = []

    def chunks(self) -> Iterator[Chunk]:
        """Yield what became of the records, block by block. Raises UnreadableFileError for damaged gzip."""
        is_last = False
        while not is_last:
            self._fill()
            chunk = self._read_block()
            is_last = self._is_done()
            if is_last:
                chunk.rejected += self._last_records()
                self._source.close()
            yield chunk

    def _fill(self) -> None:
        """Read on: a block, or as little as the end of the part takes."""
        bytes_to_read = BLOCK_BYTES
        if self._end is not None:
            missing = self._end - self.offset - len(self._content)
            bytes_to_read = min(bytes_to_read, max(missing, 0) + BEYOND_BYTES)
        self._content += self._source.read(bytes_to_read)

    def _read_block(self) -> Chunk:
        """Return what became of the records that are complete in the content, and take them off."""
        content = self._content
        walk = BlockWalk(
            self._contract, self._header, content, self._source.ended
        )
        limit = len(content) if self._end is None else self._end - self.offset
        walk.go(limit)
        chunk, judged = self._maker.make(walk, content, self.lines)
        self._settle(chunk, judged)
        self.offset += walk.place.offset
        self.lines += walk.place.lines
        self._content = content[walk.place.offset :]
        return chunk

    def _is_done(self) -> bool:
        if self._end is not None and self.offset >= self._end:
            return True
        return self._source.ended and not self._content

    def _settle(self, chunk: Chunk, judged: list[Record]) -> None:
        """Reject the records that are no footer for sure; one that may be waits for the end of the file."""
        last = int(chunk.lines.max()) if len(chunk.lines) else 0
        for record in judged:
            if record.kind == "rejected" and not record.footer:
                last = max(last, record.line)
        others = [record for record in judged if record.kind != "row"]
        if last:
            above = [record for record in others if record.line <= last]
            chunk.rejected += _without_blank(self._pending + above)
            self._pending = []
        self._pending += [record for record in others if record.line > last]

    def _last_records(self) -> list[Record]:
        """Return the records at the end, named as a footer if they are one: only the end of a file has one."""
        records = self._pending
        if self._source.ended and not self._content:
            records = list(name_footer(records))
        return _without_blank(records)


def _without_blank(records: list[Record]) -> list[Record]:
    return [record for record in records if record.kind != "blank"]
