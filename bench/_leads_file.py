"""Large files of leads: rows drawn once, written again and again under new keys."""

import csv
import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from demo.leads.synthetic import synthetic_leads

DRAWN = 20_000
KEY, NUMBER = "Prospect ID", "Lead Number"
BROKEN = (
    lambda cells: cells[:3],
    lambda cells: [*cells, "one more"],
    lambda cells: _with(cells, "TotalVisits", "many"),
    lambda cells: _with(cells, "TotalVisits", "-1"),
    lambda cells: _with(cells, KEY, ""),
    lambda cells: _with(cells, "Converted", "2"),
    lambda cells: _with(cells, "City", '"never closed'),
    lambda cells: _with(cells, "City", "M\udcff"),
)
"""Ways to break a row, in turn."""

_names: list[str] = []


def _with(cells: list[str], name: str, text: str) -> list[str]:
    """The cells with another text in one column; a text that begins with a quote is written as it is."""
    return [
        text if column == name else cell
        for column, cell in zip(_names, cells, strict=True)
    ]


def write_leads(path: Path, rows: int, broken_share: float = 0.0) -> int:
    """Writes so many leads, a share of them broken; returns the bytes."""
    leads = synthetic_leads(DRAWN)
    _names[:] = leads.columns
    drawn = leads.to_numpy().tolist()
    key, number = _names.index(KEY), _names.index(NUMBER)
    every = round(1 / broken_share) if broken_share else 0
    random = np.random.default_rng(5)
    with path.open("wb") as file:
        file.write((",".join(_names) + "\r\n").encode())
        for first in range(0, rows, DRAWN):
            count = min(DRAWN, rows - first)
            file.writelines(
                _lines(drawn[:count], (key, number), first, every, random)
            )
    return path.stat().st_size


def _lines(
    drawn: list[list[str]],
    places: tuple[int, int],
    first: int,
    every: int,
    random: np.random.Generator,
) -> Iterator[bytes]:
    """Rows under new keys and numbers, as spreadsheets write them."""
    key, number = places
    keys = random.bytes(16 * len(drawn))
    for place, cells in enumerate(drawn):
        row = [*cells]
        row[key] = str(uuid.UUID(bytes=keys[16 * place : 16 * place + 16]))
        row[number] = str(600_000 + first + place)
        if every and (first + place) % every == 0:
            row = BROKEN[(first + place) // every % len(BROKEN)](row)
        yield _written(row)


def _written(cells: list[str]) -> bytes:
    """One line of CSV; an open quote stays open."""
    line = ",".join(cells)
    if '"' not in line and line.count(",") != len(cells) - 1:
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(cells)
        line = text.getvalue()
    return f"{line}\r\n".encode(errors="surrogateescape")
