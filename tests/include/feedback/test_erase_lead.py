"""A lead is erased on a person's request, in a warehouse and a bucket that work for real."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

import gzip
import json
from io import BytesIO

import pandas as pd
import pytest

from include.feedback.erase_lead import NO_LEAD, PLACES, main
from include.lake.frames import write_parquet
from include.lake.layout import Layout
from include.lake.objects import list_objects, read_bytes, write_bytes

KEYS = ("a-1", "b'2; --")


@pytest.fixture
def warehouse(warehouse_with, layout, contract):
    """Two leads: said of, and on the desk."""
    made = warehouse_with(
        "create_leads",
        "create_staging",
        "create_scores",
        "create_feedback",
    )
    for number, key in enumerate(KEYS):
        made.execute(
            f"INSERT INTO public.{contract.names.feedback_table} (id, {contract.key}, rep, verdict, model_version, "
            "stage, given_at, stored_at, lead_known) VALUES (:id, :key, 'r', 'too_low', '7', 'contact', "
            "TIMESTAMP '2026-02-01 11:00:00', TIMESTAMP '2026-02-01 11:00:00', TRUE)",
            id=number,
            key=key,
        )
        said = json.dumps({"lead": key, "rep": "r"})
        write_bytes(f"{layout.feedback}{number}.json", said.encode())
    rows = [[key, 0.5] for key in KEYS]
    table = {"columns": [contract.key, "score"], "index": [0, 1], "data": rows}
    packed = gzip.compress(json.dumps({"leads": table}).encode())
    write_bytes(layout.desk_list, packed)
    return made


@pytest.mark.parametrize("key", KEYS)
def test_nothing_of_the_lead_is_left_and_everything_of_the_other_one(
    warehouse, layout, contract, capsys, key
):
    (other,) = set(KEYS) - {key}
    assert main([key]) == 0
    rows = warehouse.query(
        f"SELECT {contract.key} FROM public.{contract.names.feedback_table}"
    )
    assert [row[contract.key] for row in rows] == [other]
    (said,) = list_objects(layout.feedback)
    assert json.loads(read_bytes(said))["lead"] == other
    listed = json.loads(gzip.decompress(read_bytes(layout.desk_list)))["leads"]
    assert (listed["data"], listed["index"]) == ([[other, 0.5]], [0])
    printed = capsys.readouterr().out
    assert "What stays:" in printed
    assert "input examples" in printed


def test_a_second_time_there_is_nothing_to_erase(warehouse, capsys):
    main([KEYS[0]])
    capsys.readouterr()
    assert main([KEYS[0]]) == 0
    counts = capsys.readouterr().out.split("What stays:")[0].splitlines()
    assert {line.split()[0] for line in counts} == {"0"}


def test_the_snapshots_that_hold_the_lead_are_named_and_no_other(
    warehouse, layout, contract, capsys
):
    for run, keys in {"both": KEYS, "other": KEYS[1:]}.items():
        frame = pd.DataFrame({contract.key: list(keys), "won": 1})
        write_parquet(frame, f"{layout.snapshot(run)}0000_part_00.parquet")
    assert main([KEYS[0]]) == 0
    printed = capsys.readouterr().out
    assert f"- {layout.snapshot('both')}: drift and the gate" in printed
    assert layout.snapshot("other") not in printed


def test_the_lead_leaves_what_the_api_reads_by_key(warehouse, layout, contract):
    frame = pd.DataFrame({contract.key: list(KEYS), "won": 1})
    write_parquet(frame, layout.published_leads)
    assert main([KEYS[0]]) == 0
    rows = pd.read_parquet(BytesIO(read_bytes(layout.published_leads)))
    assert list(rows[contract.key]) == [KEYS[1]]


def test_every_place_of_the_layout_is_erased_named_or_without_leads():
    """What may be added to Layout is no place that the command forgets."""
    no_places = {
        "settings",
        "contract",
        "for_outcome",
        "raw_folders",
        "snapshot",
    }
    places = {name for name in vars(Layout) if not name.startswith("_")}
    assert set(PLACES) == places - no_places


def test_every_place_where_the_lead_may_lie_is_printed_with_its_address(
    warehouse, layout, capsys
):
    assert main([KEYS[0]]) == 0
    printed = capsys.readouterr().out
    for address in (
        layout.raw,
        layout.load("<run>"),
        layout.window("<run>"),
        layout.matured("<run>"),
        layout.open_leads("<run>"),
        layout.votes("<run>"),
        layout.endpoint_capture,
    ):
        assert f"- {address}: " in printed
    assert layout.ledger not in printed
    assert PLACES["ledger"] == NO_LEAD
