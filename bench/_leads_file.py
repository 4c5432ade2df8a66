"""Large files of leads: rows drawn once, written again and again under new keys."""

import csv
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from demo.leads.synthetic import synthetic_leads

DRAWN = 20_000
KEY, NUMBER = "Prospect ID", "Lead Number"
FIRST, MARK, ESCAPED = 600_000, "\x1a", "surrogateescape"
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


@cache
def _drawn_leads() -> pd.DataFrame:
    return synthetic_leads(DRAWN)


def write_leads(path: Path, rows: int, broken_share: float = 0.0) -> int:
    """Writes so many leads, a share of them broken; returns the bytes."""
    leads = _drawn_leads()
    _names[:] = leads.columns
    drawn = leads.assign(**{KEY: MARK, NUMBER: MARK}).to_numpy().tolist()
    templates = [_written(cells).split(MARK) for cells in drawn]
    every = round(1 / broken_share) if broken_share else 0
    random = np.random.default_rng(5)
    with path.open("w", encoding="utf-8", newline="", errors=ESCAPED) as file:
        file.write(_written(_names))
        for first in range(0, rows, DRAWN):
            count = min(DRAWN, rows - first)
            lines = _lines(templates[:count], first, random.bytes(16 * count))
            if every:
                for place in range(-first % every, count, every):
                    cells = [*drawn[place]]
                    cells[_names.index(KEY)] = f"broken-{first + place}"
                    cells[_names.index(NUMBER)] = str(FIRST + first + place)
                    way = BROKEN[(first + place) // every % len(BROKEN)]
                    lines[place] = _written(way(cells))
            file.writelines(lines)
    return path.stat().st_size


def _lines(templates: list[list[str]], first: int, keys: bytes) -> list[str]:
    """Rows under new keys and numbers."""
    digits = keys.hex()
    lines = []
    for place, (before, between, behind) in enumerate(templates):
        key = digits[32 * place : 32 * place + 32]
        key = f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
        number = FIRST + first + place
        lines.append(f"{before}{key}{between}{number}{behind}")
    return lines


def _written(cells: Sequence[str]) -> str:
    """One line of CSV, as spreadsheets write it; an open quote stays open."""
    line = ",".join(cells)
    if '"' not in line and line.count(",") != len(cells) - 1:
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(cells)
        line = text.getvalue()
    return f"{line}\r\n"
