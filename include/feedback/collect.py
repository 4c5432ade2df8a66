"""Collect the feedback that is new in S3 into one Parquet object for COPY; anything else goes to quarantine."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import pandas as pd
import pyarrow as pa

from include.contract import Contract
from include.feedback.errors import FeedbackRefusedError
from include.feedback.verdicts import Feedback, parse
from include.lake.frames import write_parquet
from include.lake.layout import OUTCOME_FOLDER, Layout
from include.lake.objects import (
    StoredObject,
    read_bytes,
    stored_objects,
    write_json,
)
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=15)
"""An object is listed only once it is complete, but dated from when its upload began."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
CLOCKS_DIFFER = timedelta(days=1)
LARGEST = 64 * 1024
"""Bytes; the longest texts with every character escaped stay below it."""
READERS = 8
SHOWN = 2000
"""Characters of a refused object that quarantine keeps."""


@dataclass(frozen=True)
class Read:
    """One object under the feedback prefix: what it says, or why it is refused."""

    stored: StoredObject
    feedback: Feedback | None
    reason: str = ""
    content: str = ""


def collect(
    layout: Layout, statements: Statements, warehouse: Warehouse, run_id: str
) -> dict[str, Any]:
    """Write the feedback stored since the newest that the warehouse has, for COPY.

    Again for the same run it writes the same, or less where the warehouse has got the rest meanwhile.

    Args:
        layout: where the feedback lies.
        statements: renders the SQL files.
        warehouse: has the table of feedback.
        run_id: names the folder to write to.

    Returns:
        objects looked at, collected, malformed (each one counted once, in quarantine ever after) and the URI written.

    Raises:
        WarehouseError: the table of feedback cannot be asked; run bootstrap_platform once.
    """
    new_objects = _new_objects(layout, _since(statements, warehouse))
    with ThreadPoolExecutor(READERS) as readers:
        read = partial(_read, outcome=layout.contract.outcome)
        contents = list(readers.map(read, new_objects))
    rows = []
    malformed = 0
    for content in contents:
        if content.feedback is None:
            malformed += 1
            _quarantine(content, layout)
        else:
            rows.append(_row(content.feedback, content.stored, layout.contract))
    uri = layout.collected_feedback(run_id) + "feedback.parquet"
    schema = feedback_schema(layout.contract)
    write_parquet(pd.DataFrame(rows, columns=schema.names), uri, schema)
    log.info(
        "Collected %d of %d new objects of feedback into %s, %d malformed",
        len(rows),
        len(contents),
        uri,
        malformed,
    )
    return {
        "objects": len(contents),
        "collected": len(rows),
        "malformed": malformed,
        "feedback_uri": uri,
    }


def feedback_schema(contract: Contract) -> pa.Schema:
    """Return columns and types of the staging table of feedback, in its order, as COPY reads them."""
    texts = ("id", contract.key, "rep", "verdict", "model_version", "stage")
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            ("rep_outcome", pa.int32()),
            ("comment", pa.string()),
            ("given_at", pa.timestamp("us")),
            ("stored_at", pa.timestamp("us")),
            ("said_by", pa.string()),
        ]
    )


def _since(statements: Statements, warehouse: Warehouse) -> datetime:
    """Return the moment from which on objects are new; long ago where the warehouse has no feedback."""
    (row,) = warehouse.query(statements.render("last_feedback"))
    moment = row["moment"]
    if not moment:
        return LONG_AGO
    return datetime.fromisoformat(moment).replace(tzinfo=UTC) - OVERLAP


def _new_objects(layout: Layout, since: datetime) -> Sequence[StoredObject]:
    """Return the objects stored since then, without those that are in quarantine as they are."""
    quarantined_at = {}
    for stored in stored_objects(layout.feedback_quarantine):
        quarantined_at[PurePosixPath(stored.uri).name] = stored.stored_at
    new_objects = []
    for stored in stored_objects(layout.feedback):
        if stored.uri.startswith(layout.feedback + OUTCOME_FOLDER):
            continue
        refused_at = quarantined_at.get(_quarantine_name(stored), LONG_AGO)
        if stored.stored_at >= since and stored.stored_at > refused_at:
            new_objects.append(stored)
    return new_objects


def _read(stored: StoredObject, outcome: str) -> Read:
    """Return what an object in the folder of an outcome says, or why it is no feedback."""
    if stored.size > LARGEST:
        return Read(
            stored,
            None,
            f"{stored.size} bytes, more than the {LARGEST} of any feedback",
        )
    content = read_bytes(stored.uri)
    try:
        feedback = parse(content.decode())
        if PurePosixPath(stored.uri).name != f"{feedback.id}.json":
            raise FeedbackRefusedError(
                {"field": "id", "reason": "does not name the object"}
            )
        if (feedback.outcome_name or "") != outcome:
            raise FeedbackRefusedError(
                {
                    "field": "outcome_name",
                    "reason": "is not that of the folder",
                }
            )
        if feedback.given_at > stored.stored_at + CLOCKS_DIFFER:
            raise FeedbackRefusedError(
                {
                    "field": "given_at",
                    "reason": "is later than the object was stored",
                }
            )
    except (FeedbackRefusedError, UnicodeDecodeError) as error:
        return Read(
            stored,
            None,
            str(error),
            content.decode(errors="replace")[:SHOWN],
        )
    return Read(stored, feedback)


def _quarantine(refused: Read, layout: Layout) -> None:
    """Write a record of an object that is no feedback, with the reason."""
    stored = refused.stored
    log.warning(
        "Not feedback, to quarantine: %s: %s", stored.uri, refused.reason
    )
    record = {
        "uri": stored.uri,
        "stored_at": stored.stored_at,
        "reason": refused.reason,
        "content": refused.content,
    }
    write_json(layout.feedback_quarantine + _quarantine_name(stored), record)


def _quarantine_name(stored: StoredObject) -> str:
    return f"{PurePosixPath(stored.uri).name}.json"


def _row(
    feedback: Feedback, stored: StoredObject, contract: Contract
) -> Mapping[str, Any]:
    """Return the row of the staging table; its moments are UTC without a zone."""
    return {
        "id": feedback.id,
        contract.key: feedback.lead,
        "rep": feedback.rep,
        "verdict": feedback.verdict,
        "model_version": feedback.model_version,
        "stage": feedback.stage,
        "rep_outcome": feedback.outcome,
        "comment": feedback.comment,
        "given_at": _without_zone(feedback.given_at),
        "stored_at": _without_zone(stored.stored_at),
        "said_by": feedback.said_by,
    }


def _without_zone(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
