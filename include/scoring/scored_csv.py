"""Scored leads as CSV that is harmless to open in a spreadsheet: their own columns, then those of the score."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from include.contract import Contract
from include.scoring.score_row import FIELDS, Reason
from include.scoring.scores import Scores

FORMULA = frozenset("=+-@\t\r\n|%＝＋－＠")
"""A cell that begins so may be run by a spreadsheet; the last four are full-width and read like the first."""
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)

Rows = Sequence[Sequence[str]]


def write_scored(
    contract: Contract,
    text: TextIO,
    header: Sequence[str],
    scored: Iterable[tuple[Rows, Scores]],
    reasons: int,
) -> None:
    """Write a header and the rows with their scores; columns that hold scores of an earlier time are replaced.

    Args:
        contract: what a lead is.
        text: to write to, opened with `newline=""`.
        header: of the rows.
        scored: rows and the scores of the same leads in the same order, chunk by chunk.
        reasons: 0 leaves their column out.
    """
    names = added_columns(contract, reasons)
    kept = [place for place, name in enumerate(header) if name not in names.values()]
    # Texts in quotes: where a spreadsheet separates cells by semicolons, one inside a text would begin a cell.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([*(harmless(header[place]) for place in kept), *names.values()])
    for rows, scores in scored:
        for row, added in zip(rows, _cells(scores, list(names)), strict=True):
            writer.writerow([*(harmless(row[place]) for place in kept), *added])


def added_columns(contract: Contract, reasons: int) -> dict[str, str]:
    """The columns of a score to their names in the file, which differ where the contract has such a column itself."""
    taken = {name for column in contract.columns for name in (column.name, column.field)}
    wanted = [name for name in FIELDS if reasons or name != "reasons"]
    return {name: f"scored_{name}" if name in taken else name for name in wanted}


def _cells(scores: Scores, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    if "reasons" in columns:
        scores = scores | {"reasons": [_sentences(reasons) for reasons in scores["reasons"]]}
    return zip(*(scores[name] for name in columns), strict=True)


def _sentences(reasons: list[Reason] | None) -> str:
    return harmless("; ".join(reason["text"] for reason in reasons or []))


def harmless(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet might run it; numbers stay numbers."""
    if cell.lstrip(" ")[:1] not in FORMULA or NUMBER.fullmatch(cell.strip()):
        return cell
    return f"'{cell}"
