"""Write the story's files: what arrives each day, source by source, and beside it the truth.

`raw-data/<source>/<YYYY-MM-DD>/part-<n>.<csv or parquet>` holds what arrived on that day (UTC). `truth/people/` and
`truth/records/<source>/` hold Parquet that no platform may read. A million leads make some 8,000 daily files: a
benchmark that reads all of them at once asks for a folder a month.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from demo.story.dates import Moments
from demo.story.story import SOURCES, Cell, World, draw_cell

Form = Literal["csv", "parquet"]
Period = Literal["day", "month"]
LOCAL_TIMES = {
    "marketing/ads": "America/New_York",
    "applications": "Europe/Berlin",
}
"""These sources write moments in CSV by the clock of their place, without naming it."""
OFFSET_TIMES = {"crm/interactions": "Europe/Berlin"}
"""These write the clock of their place with its distance from UTC. The other sources write UTC, with a Z."""


@dataclass(frozen=True)
class Layout:
    """How the rows are put into files. It changes no row.

    `form` is `csv` as the systems would write it, or `parquet` with types and moments in UTC, for benchmarks. A folder
    holds what arrived in one `period`. A part holds the rows of `cells_per_part` cells.
    """

    form: Form = "csv"
    period: Period = "day"
    cells_per_part: int = 10


def write_story(
    world: World, folder: Path, layout: Layout | None = None
) -> dict[str, int]:
    """Write the whole story below a folder.

    Args:
        world: The story.
        folder: Where `raw-data/` and `truth/` are put; it is made if it is missing.
        layout: How the rows are put into files; daily CSV by default.

    Returns:
        Number of rows of each source; `people` for the people.

    Raises:
        FileExistsError: The folder already holds a story.
    """
    if (folder / "raw-data").exists() or (folder / "truth").exists():
        raise FileExistsError(
            f"{folder} already holds a story: name another folder, or delete raw-data/ and truth/ in it"
        )
    layout = layout or Layout()
    counts = dict.fromkeys((*SOURCES, "people"), 0)
    starts = range(0, len(world.cells), layout.cells_per_part)
    for part, start in enumerate(starts):
        indices = world.cells[start : start + layout.cells_per_part]
        cells = [draw_cell(world, index) for index in indices]
        _write_part(cells, folder, f"part-{part:05d}", layout)
        for source in SOURCES:
            rows = [cell.sources[source].num_rows for cell in cells]
            counts[source] += sum(rows)
        counts["people"] += sum(cell.people.num_rows for cell in cells)
    return counts


def _write_part(
    cells: list[Cell], folder: Path, name: str, layout: Layout
) -> None:
    truth = folder / "truth"
    people = [cell.people for cell in cells]
    _write_parquet(pa.concat_tables(people), truth / "people", name)
    for source in SOURCES:
        records = [cell.records[source] for cell in cells]
        target = truth / "records" / source
        _write_parquet(pa.concat_tables(records), target, name)
        rows = [cell.sources[source] for cell in cells]
        table = pa.concat_tables(rows)
        _write_periods(table, source, folder, name, layout)


def _write_periods(
    rows: pa.Table, source: str, folder: Path, name: str, layout: Layout
) -> None:
    """Write rows into a folder for each day or month of arrival."""
    rows = rows.sort_by([("arrived_at", "ascending")]).combine_chunks()
    unit = "datetime64[D]" if layout.period == "day" else "datetime64[M]"
    periods = rows["arrived_at"].to_numpy().astype(unit)
    if layout.form == "csv":
        rows = _as_written(rows, source)
    for period, start, length in _runs(periods):
        target = folder / "raw-data" / source / period
        period_rows = rows.slice(start, length)
        if layout.form == "csv":
            _write_csv(period_rows, target, name)
        else:
            _write_parquet(period_rows, target, name)


def _runs(periods: Moments) -> Iterator[tuple[str, int, int]]:
    """Yield each period, the position of its first row and its number of rows; `periods` is in order."""
    names, starts, counts = np.unique(
        periods, return_index=True, return_counts=True
    )
    for period, start, count in zip(names, starts, counts, strict=True):
        yield str(period), int(start), int(count)


def _as_written(rows: pa.Table, source: str) -> pa.Table:
    """Write the moments as the source's system does; `arrived_at` is our own and always UTC."""
    columns = {}
    for name in rows.column_names:
        column = rows[name]
        if pa.types.is_timestamp(column.type):
            style = "" if name == "arrived_at" else source
            column = _moment_texts(column, style)
        columns[name] = column
    return pa.table(columns)


def _moment_texts(moments: pa.ChunkedArray, source: str) -> pa.ChunkedArray:
    seconds = pc.floor_temporal(moments, unit="second").cast(
        pa.timestamp("s", tz="UTC")
    )
    if source in LOCAL_TIMES:
        local = seconds.cast(pa.timestamp("s", tz=LOCAL_TIMES[source]))
        return pc.strftime(pc.local_timestamp(local), "%Y-%m-%d %H:%M:%S")
    if source in OFFSET_TIMES:
        local = seconds.cast(pa.timestamp("s", tz=OFFSET_TIMES[source]))
        return pc.strftime(local, "%Y-%m-%dT%H:%M:%S%z")
    return pc.strftime(seconds, "%Y-%m-%dT%H:%M:%SZ")


def _write_csv(rows: pa.Table, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    options = pa.csv.WriteOptions(quoting_style="needed")
    pa.csv.write_csv(rows, folder / f"{name}.csv", options)


def _write_parquet(rows: pa.Table, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(rows, folder / f"{name}.parquet")
