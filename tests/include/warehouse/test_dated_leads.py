"""Dates and moments from a file to the table of leads and back: the job, COPY, MERGE and UNLOAD."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

import os
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from include.contract import parse_contract
from include.glue import s3_to_redshift as job
from include.glue.arguments import parse_arguments
from include.lake.columns import open_parquet
from include.lake.frames import read_parquet
from include.lake.layout import Layout
from include.lake.objects import write_bytes
from include.settings import settings
from include.warehouse.templates import Statements

DOCUMENT = {
    "format": 2,
    "contract": "dated",
    "files": {"date_formats": ["%d.%m.%Y", "%d.%m.%Y %H:%M"]},
    "key": {"row": True},
    "clock": "came",
    "changed_at": "seen",
    "outcomes": [{"name": "won", "column": "won"}],
    "columns": [
        {"name": "came", "type": "date"},
        {"name": "seen", "type": "timestamp"},
        {"name": "pages", "type": "integer"},
    ],
}
FILES = {
    "1": "came,seen,pages,won\n31.01.2026,31.01.2026 08:30,3,\n,,4,0\n",
    "2": "came,seen,pages,won\n31.01.2026,31.01.2026 08:30,3,1\n",
}


@pytest.fixture
def contract():
    return parse_contract(DOCUMENT, "test")


def load(contract, tmp_path, load_id: str) -> Path:
    """Run the job on one file; returns where its rows lie."""
    folder = tmp_path / load_id
    (folder / "raw").mkdir(parents=True)
    (folder / "contract.json").write_text(contract.model_dump_json())
    file = folder / "raw" / "a.csv"
    file.write_text(FILES[load_id])
    written = 1_700_000_000 + int(load_id)
    os.utime(file, (written, written))
    names = ("SOURCE", "CONTRACT", "OUTPUT", "QUARANTINE", "METRICS")
    places = ("raw", "contract.json", "out", "quarantine", "metrics.json")
    arguments = [
        f"--{name}_URI=file://{folder}/{place}"
        for name, place in zip(names, places, strict=True)
    ]
    arguments.append(f"--LOAD_ID={load_id}")
    job.run(parse_arguments("", job.ARGUMENTS, arguments))
    return folder / "out" / "part-00000.parquet"


def test_dates_and_moments_reach_the_table_and_come_back(
    warehouse, contract, tmp_path
):
    statements = Statements(settings(), contract)
    layout = Layout(statements.settings, contract)
    table = f"public.{contract.names.table}"
    for name in ("create_leads", "create_staging"):
        warehouse.execute(statements.render(name))
    for load_id in FILES:
        content = load(contract, tmp_path, load_id).read_bytes()
        uri = layout.load(load_id) + "part-00000.parquet"
        write_bytes(uri, content)
        warehouse.transaction(
            [
                statements.render("clear_staging"),
                statements.render("copy_load", load_id=load_id),
                statements.render(
                    "merge_leads", ingested_at="2026-02-01T03:00:00+00:00"
                ),
            ]
        )
    # the late outcome changed its lead in place
    rows = warehouse.query(
        f"SELECT came, seen, pages, won FROM {table} ORDER BY pages"
    )
    assert [row["won"] for row in rows] == [1, 0]
    assert str(rows[0]["came"]) == "2026-01-31"
    assert str(rows[0]["seen"]).startswith("2026-01-31 08:30:00")
    folder = layout.load("back")
    warehouse.execute(
        f"UNLOAD ('SELECT came, seen, pages FROM {table}') TO '{folder}' IAM_ROLE default FORMAT AS PARQUET"
    )
    frame = read_parquet(folder).sort_values("pages")
    assert frame["came"].tolist() == [date(2026, 1, 31), None]
    moments = frame["seen"].tolist()
    assert moments[0] == pd.Timestamp(datetime(2026, 1, 31, 8, 30))  # noqa: DTZ001
    assert moments[1] is pd.NaT
    columns = open_parquet(folder)
    assert sorted(columns["came"].astype(str)) == ["2026-01-31", "None"]
    assert columns["seen"].isna().sum() == 1
