"""Decides which of the rows with one key is loaded, and what becomes of the others.

Of the rows with one key the one changed last is loaded: by the contract's `changed_at` if it has one, then by the
file's modification time, by path and by line. Equal rows are duplicates, different ones are superseded and go to
quarantine.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.glue.objects import FoundObject

SUPERSEDED = "superseded by a later row with the same key"
REPEATED_KEYS_NAMED = 5

Positions = npt.NDArray[np.int64]


class LostRows(NamedTuple):
    """The rows of a part that are not loaded, because a row elsewhere has their key.

    Attributes:
        rows: their numbers in the part, ascending.
        superseded: whether each has other values than the row that is loaded.
        winners: file and line of the row that is loaded, for each of them.
    """

    rows: Positions
    superseded: npt.NDArray[np.bool_]
    winners: list[tuple[str, int]]


class Decision(NamedTuple):
    """What became of all rows whose key stands twice.

    Attributes:
        lost_rows: by position of the part.
        duplicates: rows that are equal to the one loaded.
        superseded: rows that are not.
        repeated_rows: rows by file that a different row of the same file superseded.
        repeated_keys: file, first and last line, key and number of such rows, of the keys with the most of them.
    """

    lost_rows: dict[int, LostRows]
    duplicates: int
    superseded: int
    repeated_rows: Counter[str]
    repeated_keys: list[dict[str, Any]]

    def example_lines(self, path: str) -> tuple[int, ...]:
        """Return two lines of a file that have one key and differ: of the key with the most of them."""
        for entry in self.repeated_keys[:1]:
            if entry["source_file"] == path:
                return (entry["source_line"], entry["last_line"])
        return ()


class ComparedPart(NamedTuple):
    """Rows that are compared, from one part: its position, its file, and the lines that lie above it in the file."""

    position: int
    file: FoundObject
    lines_above: int
    rows: pa.Table


NOTHING_LOST = Decision({}, 0, 0, Counter(), [])


def decide_duplicates(compared: Sequence[ComparedPart]) -> Decision:
    """Return what becomes of rows whose key may stand twice."""
    if not compared:
        return NOTHING_LOST
    table = _newest_first(compared)
    keys = table["code"].to_numpy()
    places = np.arange(len(keys))
    new_key = np.append([True], keys[1:] != keys[:-1])[: len(keys)]
    winner = np.maximum.accumulate(np.where(new_key, places, 0))
    newer = np.maximum(places - 1, 0)
    digests = table["digest"].combine_chunks()
    as_winner = _equal(digests, winner)
    as_newer = _equal(digests, newer)
    files = table["file"].to_numpy()
    changed_in_file = ~new_key & (files == files[newer]) & ~as_newer
    paths = _paths_by_age(compared)
    repeated_rows, repeated_keys = _repeated(table, changed_in_file, paths)
    return Decision(
        _lost(table, winner, ~new_key, ~as_winner, paths),
        int((~new_key & as_winner).sum()),
        int((~new_key & ~as_winner).sum()),
        repeated_rows,
        repeated_keys,
    )


def _paths_by_age(compared: Sequence[ComparedPart]) -> list[str]:
    """Return the files, the newest last; of two of one age the one whose path comes last."""
    files = {part.file for part in compared}
    ordered = sorted(files, key=lambda file: (file.changed, file.path.encode()))
    return [file.path for file in ordered]


def _newest_first(compared: Sequence[ComparedPart]) -> pa.Table:
    """Return the rows of all parts by key, the newest first."""
    numbers = {
        path: number for number, path in enumerate(_paths_by_age(compared))
    }
    tables = []
    for part in compared:
        rows = part.rows
        size = len(rows)
        lines = pc.add(rows["line"], part.lines_above)
        rows = rows.set_column(
            rows.schema.get_field_index("line"), "line", lines
        )
        rows = rows.append_column(
            "part", pa.array(np.full(size, part.position))
        )
        file = np.full(size, numbers[part.file.path])
        tables.append(rows.append_column("file", pa.array(file)))
    table = pa.concat_tables(tables)
    codes = table["key"].combine_chunks().dictionary_encode().indices
    table = table.append_column("code", codes)
    return table.sort_by(
        [
            ("code", "ascending"),
            ("moment", "descending"),
            ("file", "descending"),
            ("line", "descending"),
        ]
    )


def _equal(values: pa.Array, others: Positions) -> npt.NDArray[np.bool_]:
    """Return whether each value is the one at the other place."""
    equal = pc.equal(values, values.take(pa.array(others)))
    flags: npt.NDArray[np.bool_] = equal.to_numpy(zero_copy_only=False)
    return flags


def _lost(
    table: pa.Table,
    winner: Positions,
    lost: npt.NDArray[np.bool_],
    differs: npt.NDArray[np.bool_],
    paths: Sequence[str],
) -> dict[int, LostRows]:
    parts = table["part"].to_numpy()
    rows = table["row"].to_numpy()
    files = table["file"].to_numpy()
    lines = table["line"].to_numpy()
    by_part: dict[int, LostRows] = {}
    for part in np.unique(parts[lost]):
        places = np.flatnonzero(lost & (parts == part))
        places = places[np.argsort(rows[places])]
        by_part[int(part)] = LostRows(
            rows[places],
            differs[places],
            [
                (paths[files[place]], int(lines[place]))
                for place in winner[places]
            ],
        )
    return by_part


def _repeated(
    table: pa.Table, changed: npt.NDArray[np.bool_], paths: Sequence[str]
) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Return how often different rows of one file have one key: by file, and the keys with the most of them."""
    rows = table.filter(pa.array(changed))
    by_key = rows.group_by(["file", "code"]).aggregate(
        [("line", "min"), ("line", "count"), ("key", "min")]
    )
    by_file: Counter[str] = Counter()
    for entry in (
        by_key.group_by("file").aggregate([("line_count", "sum")]).to_pylist()
    ):
        by_file[paths[entry["file"]]] = entry["line_count_sum"]
    most = by_key.sort_by(
        [
            ("line_count", "descending"),
            ("file", "ascending"),
            ("line_min", "ascending"),
        ]
    )
    repeated_keys: list[dict[str, Any]] = [
        {
            "source_file": paths[entry["file"]],
            "source_line": entry["line_min"],
            "key": entry["key_min"],
            "superseded_rows": entry["line_count"],
            "last_line": _last_line(table, entry["file"], entry["code"]),
        }
        for entry in most.slice(0, REPEATED_KEYS_NAMED).to_pylist()
    ]
    return by_file, repeated_keys


def _last_line(table: pa.Table, file: int, code: int) -> int:
    """Return the last line of a file that has a key."""
    of_key = pc.and_(
        pc.equal(table["file"], file), pc.equal(table["code"], code)
    )
    line: int = pc.max(table["line"].filter(of_key)).as_py()
    return line
