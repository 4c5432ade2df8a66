"""The warehouse, with the tables of the test contract."""

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pytest

from include.contract.derived.ddl import staging_columns
from include.lake.frames import write_parquet
from include.lake.layout import Layout
from include.settings import settings
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

ARROW = {
    "INTEGER": pa.int32(),
    "DOUBLE PRECISION": pa.float64(),
    "TIMESTAMP": pa.timestamp("us"),
}


@pytest.fixture
def warehouse(layout) -> Warehouse:
    return Warehouse(settings(), timeout=60)


@pytest.fixture
def load_rows(warehouse) -> Callable[..., None]:
    """Loads rows as ingest_leads does: Parquet, then clear, COPY and MERGE in one transaction.

    Rows without `source_changed_at` come from a file of unknown age.
    """

    def load(
        statements: Statements,
        rows: pd.DataFrame,
        load_id: str,
        ingested_at: str,
    ) -> None:
        layout = Layout(statements.settings, statements.contract)
        schema = pa.schema(
            [
                (name, ARROW.get(kind, pa.string()))
                for name, kind in staging_columns(statements.contract)
            ]
        )
        frame = pd.DataFrame(
            {"source_changed_at": pd.NaT}, index=rows.index
        ).assign(**{str(name): rows[name] for name in rows})
        frame = frame.reindex(columns=[*frame, *set(schema.names) - set(frame)])
        frame["source_file"] = f"{load_id}.csv"
        write_parquet(
            frame[schema.names], layout.load(load_id) + "part-0.parquet", schema
        )
        removals = []
        if statements.contract.unify:
            removals = [
                statements.render("remove_merged_leads"),
                statements.render("remove_merged_rows"),
            ]
        warehouse.transaction(
            [
                statements.render("clear_staging"),
                statements.render("copy_load", load_id=load_id),
                *removals,
                statements.render("merge_leads", ingested_at=ingested_at),
            ]
        )

    return load
