"""Erase one lead on a person's request: `python -m include.feedback.erase_lead KEY`.

It deletes the lead's rows in the warehouse (lead, staging, scores, feedback), what reps have said of it in S3, its
line in the list of the desk, and its row among the leads that the API answers about by their key. A training snapshot
is unloaded from the warehouse, so the next one is without it; the snapshots that hold the lead are named. What stays is
printed: the command cannot take it out.
"""

import argparse
import gzip
import json
import logging
import sys
from collections.abc import Sequence
from io import BytesIO

import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from include.contract import Contract, load_contract
from include.errors import LeadsError
from include.lake.errors import ObjectMissingError
from include.lake.layout import OUTCOME_FOLDER, Layout
from include.lake.objects import (
    delete_objects,
    list_objects,
    read_bytes,
    write_bytes,
)
from include.settings import settings
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

log = logging.getLogger(__name__)

LEAD = "lead"
"""Name of the key in what the API stores of feedback."""
UNTIL_EXPIRY = "stays until a lifecycle rule deletes it"
NO_LEAD = ""
PLACES = {
    "raw": "stays, and a file that is read again brings the lead back. Of a contract with several sources every load "
    "reads every file: write those files without the lead's rows before the next load",
    "load": f"typed rows, {UNTIL_EXPIRY}",
    "load_published": NO_LEAD,
    "published": NO_LEAD,
    "published_leads": "erased",
    "quarantine": f"rows that could not be typed, {UNTIL_EXPIRY}",
    "load_metrics": "stays: the counts of a load, with the keys of some repeated rows",
    "snapshots": "those that hold the lead are named above",
    "window": f"leads of a drift analysis, {UNTIL_EXPIRY}",
    "matured": f"leads of a drift analysis, {UNTIL_EXPIRY}",
    "open_leads": f"open leads of a scoring run, {UNTIL_EXPIRY}",
    "scores": f"scores of a scoring run, {UNTIL_EXPIRY}",
    "champions": NO_LEAD,
    "desk": f"open leads of a scoring run, {UNTIL_EXPIRY}",
    "desk_list": "erased",
    "feedback": "erased",
    "endpoint_model": NO_LEAD,
    "endpoint_capture": f"requests to the endpoint, {UNTIL_EXPIRY}",
    "collected_feedback": f"feedback as it was loaded, {UNTIL_EXPIRY}",
    "feedback_quarantine": f"what is no feedback, {UNTIL_EXPIRY}",
    "votes": f"outcomes that reps reported, {UNTIL_EXPIRY}",
    "training_jobs": NO_LEAD,
    "agreement": NO_LEAD,
    "ledger": NO_LEAD,
    "report": NO_LEAD,
    "job_script": NO_LEAD,
    "scoring_script": NO_LEAD,
    "job_code": NO_LEAD,
    "scoring_requirements": NO_LEAD,
    "job_contract": NO_LEAD,
}
"""Place of the layout to what becomes of a lead there; NO_LEAD where none lies. A test holds it against Layout."""
STAYS = (
    "MLflow: the models that learnt from the lead; input examples of models that were registered while these were "
    "rows of leads (they are made up now)",
    "old versions of objects, backups of the warehouse: by their own rules",
)
"""What the command cannot take out, beside what lies in the places of the layout."""
RUN = "<run>"
SNAPSHOT_STAYS = (
    "drift and the gate read the snapshot of a living version, and a changed one would no longer be what the version "
    "learnt from: erase_expired_leads deletes it when no version names it (tag snapshot_uri) and 30 days are over"
)


def erase_rows(
    statements: Statements, warehouse: Warehouse, key: str
) -> dict[str, int]:
    """Delete a lead's rows; return table to the number of rows deleted. Safe to repeat.

    Args:
        statements: renders the SQL files.
        warehouse: has the tables.
        key: of the lead, as the source writes it.

    Raises:
        WarehouseError: a statement failed; what was deleted before stays deleted.
    """
    names = statements.contract.names
    schema = statements.settings.redshift.schema_name
    tables = []
    for view in statements.contract.views:
        tables += [view.names.feedback_table, view.names.scores_table]
    tables += [f"{names.table}_staging", names.table]
    deleted = {}
    for name in tables:
        table = f"{schema}.{name}"
        sql = statements.render("erase_lead", table=table)
        deleted[table] = warehouse.execute(sql, key=key)
    return deleted


def erase_feedback(layout: Layout, key: str) -> int:
    """Delete what reps have said of a lead in S3; return the number of objects."""
    uris = []
    for uri in list_objects(layout.feedback):
        try:
            content = json.loads(read_bytes(uri))
        except ValueError:
            continue
        if isinstance(content, dict) and str(content.get(LEAD)) == key:
            uris.append(uri)
    delete_objects(uris)
    return len(uris)


def erase_from_desk(layout: Layout, key: str) -> int:
    """Take a lead out of the list that the desk shows; return the number of lines."""
    try:
        content = json.loads(gzip.decompress(read_bytes(layout.desk_list)))
    except ObjectMissingError:
        return 0
    leads = content["leads"]
    place = leads["columns"].index(layout.contract.key)
    other_leads = [row for row in leads["data"] if str(row[place]) != key]
    lines = len(leads["data"]) - len(other_leads)
    if lines:
        content["leads"] = leads | {
            "data": other_leads,
            "index": list(range(len(other_leads))),
        }
        packed = gzip.compress(json.dumps(content).encode(), mtime=0)
        write_bytes(layout.desk_list, packed)
    return lines


def erase_from_published(layout: Layout, key: str) -> int:
    """Take a lead out of what the last run published, from where the API answers by its key; return the rows."""
    try:
        content = read_bytes(layout.published_leads)
    except ObjectMissingError:
        return 0
    table = pq.read_table(BytesIO(content))
    keys = table[layout.contract.key].to_pylist()
    others = table.filter([str(row_key) != key for row_key in keys])
    rows: int = table.num_rows - others.num_rows
    if rows:
        packed = BytesIO()
        # As the ingestion job writes it (include/glue/sources.py).
        pq.write_table(
            others,
            packed,
            store_schema=False,
            use_deprecated_int96_timestamps=True,
        )
        write_bytes(layout.published_leads, packed.getvalue())
    return rows


def places_left(layout: Layout) -> list[str]:
    """Return a line for each place of the layout where the lead may still lie: its address, and until when."""
    lines = []
    for name, fate in PLACES.items():
        if fate in (NO_LEAD, "erased"):
            continue
        place = getattr(layout, name)
        address = place if isinstance(place, str) else place(RUN)
        lines.append(f"{address}: {fate}")
    if layout.contract.views[1:]:
        lines.append(
            f"of further outcomes the same, in the folders {OUTCOME_FOLDER}<name>/ beside those of the runs"
        )
    return lines


def snapshots_with(layout: Layout, key: str) -> list[str]:
    """Return the folders of the training snapshots that hold a lead; of each object the column of the key is read."""
    column = layout.contract.key
    folders = set()
    for uri in list_objects(layout.snapshots):
        if not uri.endswith(".parquet"):
            continue
        table = pq.read_table(BytesIO(read_bytes(uri)), columns=[column])
        keys = map(str, table[column].to_pylist())
        if key in keys:
            folders.add(uri.rpartition("/")[0] + "/")
    return sorted(folders)


def main(arguments: Sequence[str] | None = None) -> int:
    """Erase the lead and say what was deleted and what stays; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m include.feedback.erase_lead",
        description="Erase one lead on a person's request",
    )
    parser.add_argument("key", help="of the lead, as the source writes it")
    key = parser.parse_args(arguments).key
    contract: Contract = load_contract(settings().contract)
    layout = Layout(settings(), contract)
    try:
        deleted = erase_rows(
            Statements(settings(), contract), Warehouse(settings()), key
        )
        deleted["feedback in S3"] = erase_feedback(layout, key)
        deleted["list of the desk"] = erase_from_desk(layout, key)
        deleted["leads that the API knows by key"] = erase_from_published(
            layout, key
        )
        snapshots = snapshots_with(layout, key)
    except (LeadsError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"not all is erased, run it again: {error}\n")
        return 1
    for place, count in deleted.items():
        sys.stdout.write(f"{count:>6}  {place}\n")
    sys.stdout.write("What stays:\n")
    stays = [f"{uri}: {SNAPSHOT_STAYS}" for uri in snapshots]
    for line in (*stays, *places_left(layout), *STAYS):
        sys.stdout.write(f"- {line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
