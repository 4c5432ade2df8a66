"""Make leads whose outcome is not known yet, and say what the platform did with them.

Every lead of the replayed file has its outcome, so none of them is worth a call. These are the newest rows of the
file under new keys, without their outcome: to the platform they are leads that arrived a moment ago.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pandas as pd

from demo.replay.batches import Batch, encoded
from include.api.access.auth import KEY_HEADER
from include.contract import Contract
from include.contract.cells import cell_rules, read_cell
from include.contract.text import clean_text
from include.glue.job_contract import ROW_KEY, JobContract, parse_contract
from include.glue.records.csv_records import parse_file
from include.glue.records.made_keys import NUMBER_MARK
from include.settings import Settings
from include.warehouse.client import Warehouse
from include.warehouse.templates import literal
from localaws.roles import LOCAL_API_KEY

ARRIVING = 200
"""Open leads, or all rows of the file's last batch if it has fewer."""
LATE = 20
"""Open leads whose outcome arrives at the end. They did not convert, so the file's own conversions can be counted."""
PREFIX = "open-"
HIGHEST_KEY = 2_000_000_000
"""Where keys are whole numbers, those of open leads count down from here."""
MOST_ZEROS = 7
VERDICTS = ("right", "too_high", "too_low")

Row = dict[str, str]


@dataclass(frozen=True)
class OpenLeads:
    """The same leads twice: when they arrive, and some of them with their outcome.

    Attributes:
        arriving: leads without an outcome.
        outcomes: those of them that turn out not to convert.
        keys: of all of them.
    """

    arriving: Batch
    outcomes: Batch
    keys: tuple[str, ...]


@dataclass(frozen=True)
class OpenFacts:
    """What became of the open leads. Counts are of leads, `feedback` is of words.

    Attributes:
        arrived: in the file.
        scored: with a score in the warehouse.
        explained: with reasons beside the score.
        on_desk: listed on the lead desk.
        feedback: words of reps that the warehouse holds.
        outcomes: leads whose outcome arrived late.
        other_leads: all other leads in the warehouse, those of the file.
        conversions: leads in the warehouse that converted.
        best: key and score of the first lead on the desk, None if the desk is empty.
    """

    arrived: int
    scored: int
    explained: int
    on_desk: int
    feedback: int
    outcomes: int
    other_leads: int
    conversions: int
    best: tuple[str, int] | None


def make_open_leads(newest: Batch, contract: Contract) -> OpenLeads:
    """Return open leads from the last rows of a batch whose rows come oldest first; broken rows are left out."""
    job_contract = parse_contract(contract.model_dump_json())
    rows: list[Row] = [
        json.loads(record.raw)
        for record in parse_file(job_contract, newest.content)
        if record.kind == "row"
    ]
    header = list(rows[0])
    names = {job_contract.headings.find(name): name for name in header}
    label_name = names[contract.label]
    closed = [
        row | _new_cells(number, contract, row, names)
        for number, row in enumerate(rows[-ARRIVING:], start=1)
    ]
    arriving = [row | {label_name: ""} for row in closed]
    label_rule = cell_rules(contract)[contract.label]
    not_converted = [
        row for row in closed if read_cell(label_rule, row[label_name]) == 0
    ]
    open_batch = _batch("5-open", "open leads", header, arriving, contract)
    late = _batch(
        "6-outcomes", "late outcomes", header, not_converted[:LATE], contract
    )
    return OpenLeads(open_batch, late, _keys(open_batch, job_contract))


def _keys(batch: Batch, contract: JobContract) -> tuple[str, ...]:
    """Return the keys that the job gives the rows of a batch."""
    keys = []
    repeats: Counter[str] = Counter()
    for record in parse_file(contract, batch.content):
        if record.values is None:
            continue
        key = str(record.values[contract.key_position])
        if contract.key_column.derived == ROW_KEY:
            repeats[key] += 1
            key = f"{key}{NUMBER_MARK}{repeats[key] - 1}"
        keys.append(key)
    return tuple(keys)


def _new_cells(
    number: int, contract: Contract, row: Row, names: Mapping[str | None, str]
) -> Row:
    """Return the cells that give a row a key which no lead of the file has.

    Where the key is made of all cells, a whole number gets zeros behind its decimal mark: another text of one value.
    """
    if contract.column(contract.key).derived != ROW_KEY:
        field = (contract.key_columns or (contract.key,))[0]
        return {names[field]: _new_key(number, contract, field)}
    for column in contract.columns:
        name = names.get(column.field)
        is_role = column.field in contract.roles
        if name is None or is_role or not column.numeric:
            continue
        if clean_text(row[name]).isdecimal():
            zeros = "0" * (1 + number % MOST_ZEROS)
            mark = contract.files.decimal
            return {name: f"{clean_text(row[name])}{mark}{zeros}"}
    return {}


def _new_key(number: int, contract: Contract, field: str) -> str:
    """Return a value of the key's column that no lead of the file has."""
    if contract.column(field).numeric:
        return str(HIGHEST_KEY - number)
    return f"{PREFIX}{number:04d}"


def _batch(
    name: str,
    title: str,
    header: list[str],
    rows: list[Row],
    contract: Contract,
) -> Batch:
    text = io.StringIO(newline="")
    files = contract.files
    writer = csv.DictWriter(
        text, header, delimiter=files.delimiter, quotechar=files.quote
    )
    writer.writeheader()
    writer.writerows(rows)
    content = encoded(text.getvalue().encode(), contract)
    return Batch(name, title, content, len(rows))


def give_feedback(api: str, leads: pd.DataFrame, contract: Contract) -> None:
    """Say of the first leads on the desk what a rep might say, one of each verdict. Raises httpx.HTTPError."""
    for verdict, (_, lead) in zip(VERDICTS, leads.iterrows(), strict=False):
        word = {
            "lead": lead[contract.key],
            "rep": "demo",
            "verdict": verdict,
            "model_version": lead["model_version"],
            "stage": lead["stage"],
        }
        answer = httpx.post(
            f"{api}/feedback",
            json=word,
            headers={KEY_HEADER: LOCAL_API_KEY},
            timeout=30,
        )
        answer.raise_for_status()


def read_scored(settings: Settings, contract: Contract) -> dict[str, int]:
    """Return how many open leads have a score, and how many of these reasons."""
    view = (
        f"{settings.redshift.schema_name}.{contract.names.scores_table}_current"
    )
    return read_counts(
        settings,
        f"SELECT COUNT(*) AS scored, COUNT(reasons) AS explained FROM {view}",  # noqa: S608 - the contract's own name
    )


def count_feedback(settings: Settings, contract: Contract) -> int:
    """Return how many words of reps the warehouse holds."""
    table = f"{settings.redshift.schema_name}.{contract.names.feedback_table}"
    sql = f"SELECT COUNT(*) AS words FROM {table}"  # noqa: S608 - the contract's own name
    return read_counts(settings, sql)["words"]


def count_leads(
    leads: OpenLeads, settings: Settings, contract: Contract
) -> dict[str, int]:
    """Return `other_leads`, `conversions`, and the `outcomes` of the open leads, as the warehouse has them."""
    table = f"{settings.redshift.schema_name}.{contract.names.table}"
    keys = ", ".join(literal(key) for key in leads.keys)
    is_open = f"{contract.key} IN ({keys})"
    return read_counts(
        settings,
        f"SELECT SUM(CASE WHEN {is_open} THEN 0 ELSE 1 END) AS other_leads, "  # noqa: S608 - names and quoted keys
        f"SUM({contract.label}) AS conversions, "
        f"COUNT(CASE WHEN {is_open} THEN {contract.label} END) AS outcomes FROM {table}",
    )


def read_counts(settings: Settings, sql: str) -> dict[str, int]:
    """Return the whole numbers in the one row that a query gives."""
    row: dict[str, Any] = Warehouse(settings).query(sql)[0]
    return {name: int(value) for name, value in row.items()}


def first_on_desk(
    leads: pd.DataFrame, contract: Contract
) -> tuple[str, int] | None:
    """Return key and score of the first lead on the desk, None if it lists none."""
    if leads.empty:
        return None
    first = leads.iloc[0]
    return str(first[contract.key]), int(first["score"])
