"""Erase one lead on a person's request: `python -m include.feedback.erase_lead KEY`.

It deletes the lead's rows in the warehouse (lead, staging, scores, feedback), what reps have said of it in S3, and its
line in the list of the desk. A training snapshot is unloaded from the warehouse, so the next one is without it; the
snapshots that hold the lead are named. What stays is printed: the command cannot take it out.
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
from include.lake.layout import Layout
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
STAYS = (
    "raw files and quarantine: the source sends them; a file that is loaded again brings the lead back",
    "scores, feedback and desk unloads of earlier runs in S3: until a lifecycle rule deletes them",
    "MLflow: the models that learnt from the lead; input examples of models that were registered while these were "
    "rows of leads (they are made up now)",
    "captured requests of the endpoint, old versions of objects, backups of the warehouse: by their own rules",
)
"""What the command cannot take out."""
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
        snapshots = snapshots_with(layout, key)
    except (LeadsError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"not all is erased, run it again: {error}\n")
        return 1
    for place, count in deleted.items():
        sys.stdout.write(f"{count:>6}  {place}\n")
    sys.stdout.write("What stays:\n")
    stays = [f"{uri}: {SNAPSHOT_STAYS}" for uri in snapshots]
    for line in (*stays, *STAYS):
        sys.stdout.write(f"- {line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
