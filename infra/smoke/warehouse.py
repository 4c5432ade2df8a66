"""Try the warehouse: tables, COPY with moments, MERGE, UNLOAD, and a query as people in Studio."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from include.contract.derived.ddl import staging_columns
from include.lake.frames import read_parquet, write_parquet
from include.lake.objects import list_objects
from include.warehouse import migrate
from infra.smoke.scratch import Scratch

TABLES = (
    "create_leads",
    "create_staging",
    "create_scores",
    "create_drift_metrics",
    "create_promotions",
    "create_feedback",
    "create_feedback_staging",
    "create_feedback_withdrawals",
)
VIEWS = ("drop_current_scores", "create_current_scores")
"""What `bootstrap_platform` runs; a test compares."""
MOMENTS = ("1999-12-31T23:59:59.999999", "2026-02-28T12:34:56.000001")
"""COPY misreads moments in a way that no error shows (apache/arrow#38000)."""
KEYS = ("smoke-1", "smoke-2")
ARROW = {
    "INTEGER": pa.int32(),
    "DOUBLE PRECISION": pa.float64(),
    "TIMESTAMP": pa.timestamp("us"),
}


def bootstrap(scratch: Scratch) -> dict[str, Any]:
    """Make every table, the view and the grant of `bootstrap_platform`, and look at them."""
    creates = [scratch.statements.render(name) for name in TABLES]
    tables = [migrate.read_create(create).name for create in creates]
    scratch.cleaning.add("tables", lambda: _drop(scratch, tables))
    scratch.warehouse.transaction(creates)
    changes = migrate.add_missing_columns(
        scratch.statements, scratch.warehouse, TABLES
    )
    views = [scratch.statements.render(name) for name in VIEWS]
    scratch.warehouse.transaction(views)
    scratch.warehouse.execute(scratch.statements.render("grant_reading"))
    empty = [table for table in tables if _count(scratch, table) == 0]
    view = f"{_schema(scratch)}{scratch.contract.names.scores_table}_current"
    return {
        "empty tables": len(empty),
        "changes to new tables": changes,
        "rows of the view": _count(scratch, view),
    }


def moments(scratch: Scratch) -> dict[str, Any]:
    """Load two leads by COPY and read their moments back as text."""
    folder = scratch.use_folder(scratch.layout.load(scratch.run))
    frame, schema = _load(scratch)
    write_parquet(frame, f"{folder}part.parquet", schema)
    render = scratch.statements.render
    scratch.warehouse.transaction(
        [render("clear_staging"), render("copy_load", load_id=scratch.run)]
    )
    staging = f"{_schema(scratch)}{scratch.contract.names.table}_staging"
    rows = scratch.warehouse.query(
        f"SELECT CAST(source_changed_at AS VARCHAR(32)) AS moment FROM {staging} "  # noqa: S608 - our own table
        f"ORDER BY {scratch.contract.key}"
    )
    return {
        "rows loaded": len(rows),
        "moments": [row["moment"] for row in rows],
    }


def merge(scratch: Scratch) -> dict[str, Any]:
    """Merge the two leads, twice: the second time changes nothing."""
    sql = scratch.statements.render(
        "merge_leads", ingested_at=datetime.now(UTC)
    )
    leads = f"{_schema(scratch)}{scratch.contract.names.table}"
    scratch.warehouse.execute(sql)
    first = _count(scratch, leads)
    scratch.warehouse.execute(sql)
    count_open = scratch.statements.render("count_open_leads")
    (row,) = scratch.warehouse.query(count_open)
    return {
        "leads": first,
        "leads after the same load again": _count(scratch, leads),
        "open leads": row["leads"],
    }


def unload(scratch: Scratch) -> dict[str, Any]:
    """Unload the open lead, and look up how S3 keeps it."""
    folder = scratch.use_folder(scratch.layout.open_leads(scratch.run))
    scratch.warehouse.execute(
        scratch.statements.render("unload_open_leads", run_id=scratch.run)
    )
    rows = len(read_parquet(folder))
    return {"rows": rows, **scratch.encryption(list_objects(folder))}


def _load(scratch: Scratch) -> tuple[pd.DataFrame, pa.Schema]:
    """Return two leads as the Glue job writes them, one of them without an outcome, and their Arrow types."""
    contract = scratch.contract
    columns = staging_columns(contract)
    fields = [(name, ARROW.get(kind, pa.string())) for name, kind in columns]
    names = [name for name, _ in columns]
    frame = pd.DataFrame(
        None, index=range(len(KEYS)), columns=names, dtype=object
    )
    frame[contract.key] = list(KEYS)
    frame[contract.label] = [1, None]
    frame["source_changed_at"] = [pd.Timestamp(moment) for moment in MOMENTS]
    return frame, pa.schema(fields)


def _schema(scratch: Scratch) -> str:
    return f"{scratch.settings.redshift.schema_name}."


def _count(scratch: Scratch, table: str) -> int:
    (row,) = scratch.warehouse.query(f"SELECT COUNT(*) AS rows_ FROM {table}")  # noqa: S608 - our own table
    return int(row["rows_"])


def _drop(scratch: Scratch, tables: list[str]) -> None:
    drops = [scratch.statements.render("drop_current_scores")]
    drops += [f"DROP TABLE IF EXISTS {table}" for table in tables]
    scratch.warehouse.transaction(drops)
