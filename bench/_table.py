"""What every benchmark shares: a table for people, and with --json one JSON object on the last line."""

import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table


def show(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Prints a table; floats with four decimals."""
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(
            *(
                f"{cell:.4f}" if isinstance(cell, float) else str(cell)
                for cell in row
            )
        )
    Console().print(table)


def last_line(result: Mapping[str, object], wanted: bool) -> None:
    """Prints `result` as one line of JSON if `wanted` (the flag --json)."""
    if wanted:
        print(json.dumps(result))
