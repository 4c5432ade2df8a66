"""The EDA notebook, executed as a person would: a fresh kernel, from its own folder."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from include.lake.frames import write_parquet
from include.settings import settings
from include.training.data.snapshot import write_manifest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "eda.ipynb"


def execute():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook,
        timeout=200,
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    ).execute()
    outputs = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    pictures = [
        output for output in outputs if "image/png" in output.get("data", {})
    ]
    return pictures, "\n".join(
        str(output.get("data", {}).get("text/plain", "")) for output in outputs
    )


@pytest.fixture(autouse=True)
def no_leads_named(monkeypatch):
    for variable in ("LEADS_SNAPSHOT", "LEADS_CSV"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_it_runs_on_synthetic_leads_where_no_others_are_named(monkeypatch):
    monkeypatch.setenv("LEADS_CONTRACT", "x_education")
    pictures, text = execute()
    assert len(pictures) == 26
    assert "9240 leads, 9240 with an outcome" in text


def test_it_runs_on_a_snapshot_of_any_contract_in_s3(
    layout, contract, accounts, monkeypatch
):
    uri = layout.snapshot("run-1")
    write_parquet(accounts, f"{uri}0000_part_00.parquet")
    write_manifest(settings(), contract, "run-1", "UNLOAD …")
    monkeypatch.setenv("LEADS_SNAPSHOT", uri)
    pictures, text = execute()
    assert len(pictures) == 11
    assert "600 leads, 600 with an outcome" in text


def test_it_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count)
    ]
