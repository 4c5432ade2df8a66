"""Does one load: reads its files twice, first to count and compare, then to write.

Reading is cheaper than keeping: nothing but counts and eight bytes for each row's key are held between the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.glue.job_contract import JobContract
from include.glue.loading.duplicates import (
    ComparedPart,
    Decision,
    decide_duplicates,
)
from include.glue.loading.row_keys import RowNumbers
from include.glue.loading.survey import (
    Survey,
    compare_part,
    number_keys,
    repeated_rows,
    survey_part,
)
from include.glue.loading.workers import Workers, group_parts
from include.glue.loading.writing import Target, WritePart, Written, write_parts
from include.glue.objects import FoundObject, delete_below
from include.glue.parts.division import Part, divide, find_misplaced


@dataclass(frozen=True)
class Load:
    """What one load did.

    Attributes:
        parts: of its files.
        surveys: what each part holds.
        lines_above: lines of the file above each part.
        decision: what became of rows whose key stands twice.
        written: what each task wrote.
    """

    parts: list[Part]
    surveys: list[Survey]
    lines_above: list[int]
    decision: Decision
    written: list[Written]


def run_load(
    contract: JobContract, files: Sequence[FoundObject], target: Target
) -> Load:
    """Load the files, over what an earlier try left."""
    workers = Workers(files)
    parts, surveys = survey_files(contract, files, workers)
    number_keys(contract, parts, surveys)
    lines_above = _lines_above(parts, surveys)
    decision = _compare(contract, parts, surveys, lines_above, workers)
    delete_below(target.output_uri.rstrip("/") + "/")
    delete_below(target.quarantine_uri.rstrip("/") + "/")
    tasks = [
        (
            number,
            [
                WritePart(
                    parts[position],
                    lines_above[position],
                    decision.lost_rows.get(position),
                    surveys[position].key_numbers,
                    decision.example_lines(parts[position].found.path),
                )
                for position in group
                if surveys[position].unreadable is None
            ],
        )
        for number, group in enumerate(group_parts(parts))
    ]
    written = workers.map(partial(_write, contract, target), tasks)
    return Load(parts, surveys, lines_above, decision, written)


def survey_files(
    contract: JobContract, files: Sequence[FoundObject], workers: Workers
) -> tuple[list[Part], list[Survey]]:
    """Return the parts of the files, each of which begins where the one before ended, and what they hold."""
    parts = [Part(file) for file in files]
    if contract.files.divisible:
        parts = divide(files)
    surveys: list[Survey] = []
    groups = [
        [parts[position] for position in group] for group in group_parts(parts)
    ]
    for results in workers.map(partial(_survey, contract), groups):
        surveys += results
    while misplaced := find_misplaced(parts, surveys):
        tasks = [[part] for part in misplaced.values()]
        again = workers.map(partial(_survey, contract), tasks)
        for position, results in zip(misplaced, again, strict=True):
            parts[position] = misplaced[position]
            surveys[position] = results[0]
    for position, survey in enumerate(surveys):
        if not parts[position].whole and parts[position].start:
            parts[position] = parts[position]._replace(
                start=survey.start, certain=True
            )
    return parts, surveys


def _survey(contract: JobContract, parts: Sequence[Part]) -> list[Survey]:
    return [survey_part(contract, part) for part in parts]


def _lines_above(parts: Sequence[Part], surveys: Sequence[Survey]) -> list[int]:
    """Return how many lines of its file lie above each part."""
    lines_above = []
    above = 0
    for position, part in enumerate(parts):
        if position and part.found != parts[position - 1].found:
            above = 0
        lines_above.append(above)
        above += surveys[position].lines
    return lines_above


def _compare(
    contract: JobContract,
    parts: Sequence[Part],
    surveys: list[Survey],
    lines_above: Sequence[int],
    workers: Workers,
) -> Decision:
    """Return what becomes of the rows whose key stands twice."""
    rows = repeated_rows(surveys)
    positions = [
        position for position, numbers in enumerate(rows) if len(numbers)
    ]
    tasks = [
        (parts[position], rows[position], surveys[position].key_numbers)
        for position in positions
    ]
    tables = workers.map(partial(_compare_task, contract), tasks)
    return decide_duplicates(
        [
            ComparedPart(
                position, parts[position].found, lines_above[position], table
            )
            for position, table in zip(positions, tables, strict=True)
        ]
    )


def _compare_task(
    contract: JobContract, task: tuple[Part, npt.NDArray[np.int64], RowNumbers]
) -> pa.Table:
    return compare_part(contract, *task)


def _write(
    contract: JobContract, target: Target, task: tuple[int, Any]
) -> Written:
    number, parts = task
    return write_parts(contract, number, parts, target)
