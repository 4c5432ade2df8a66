"""From objects under the feedback prefix to rows of the table, in S3 and a warehouse that execute for real."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

import json
from datetime import UTC, datetime, timedelta

import pytest

from include.feedback.collect import LARGEST, collect, feedback_schema
from include.feedback.verdicts import Feedback, keep
from include.lake.frames import read_parquet
from include.lake.objects import (
    list_objects,
    read_json,
    write_bytes,
    write_text,
)

MONDAY = datetime(2026, 2, 2, 9, tzinfo=UTC)
WORD = Feedback(
    lead="a-1",
    rep="asha",
    verdict="too_low",
    model_version="7",
    stage="contact",
    outcome=1,
    comment="it's ≥ 2 | \\ 'n'",
    given_at=MONDAY,
)


def changed(**values):
    return Feedback(**WORD.model_dump() | values)


@pytest.fixture
def warehouse(warehouse_with, layout):
    made = warehouse_with(
        "create_leads",
        "create_scores",
        "create_feedback",
        "create_feedback_staging",
        "create_feedback_withdrawals",
    )
    return made


@pytest.fixture
def run(statements, layout, warehouse):
    """A run of collect_feedback, as its tasks do it; returns the counts."""

    def once(run_id):
        counts = collect(layout, statements, warehouse, run_id)
        names = (
            "clear_feedback_staging",
            "copy_feedback",
            "merge_feedback",
            "join_stages",
            "join_outcomes",
        )
        warehouse.transaction(
            [statements.render(name, run_id=run_id) for name in names]
        )
        return {
            name: counts[name] for name in ("objects", "collected", "malformed")
        }

    return once


@pytest.fixture
def rows(warehouse, contract):
    table = f"public.{contract.names.feedback_table}"
    given = "CAST(given_at AS VARCHAR) AS given_at"
    names = f"id, {contract.key}, rep, verdict, model_version, stage, rep_outcome, comment, lead_known, {given}"
    return lambda: warehouse.query(
        f"SELECT {names} FROM {table} ORDER BY {contract.key}, rep"
    )


def test_every_word_becomes_a_row_that_says_the_same(
    run, rows, layout, contract
):
    keep(WORD, layout)
    keep(changed(lead="a-2", outcome=None, comment=""), layout)
    assert run("r1") == {"objects": 2, "collected": 2, "malformed": 0}
    first, second = rows()
    assert first.pop("given_at").startswith("2026-02-02 09:00:00")
    assert first == {
        "id": WORD.id, contract.key: "a-1", "rep": "asha", "verdict": "too_low", "model_version": "7",
        "stage": "contact", "rep_outcome": 1, "comment": WORD.comment, "lead_known": False,
    }  # fmt: skip
    assert (second["rep_outcome"], second["comment"]) == (None, "")


def test_a_flag_that_names_no_stage_gets_that_of_the_score_in_the_warehouse(
    run, rows, layout, warehouse, contract
):
    score = "80, 0.8, 1, 'A', '[]', 'capture', '7', 'r', TIMESTAMP '2026-02-01 05:00:00'"
    warehouse.execute(
        f"INSERT INTO public.{contract.names.scores_table} VALUES ('a-1', {score}), ('a-3', {score})"
    )
    for lead, stage in (("a-1", None), ("a-2", None), ("a-3", "contact")):
        keep(changed(lead=lead, stage=stage), layout)
    run("r1")
    assert [row["stage"] for row in rows()] == ["capture", None, "contact"]
    keep(changed(stage=None), layout)
    run("r2")
    assert [row["stage"] for row in rows()] == ["capture", None, "contact"]


def test_objects_of_before_there_were_stages_are_collected(run, rows, layout):
    old = changed(stage=None)
    content = old.model_dump(exclude={"stage"}) | {
        "id": old.id,
        "given_at": MONDAY.isoformat(),
    }
    write_text(f"{layout.feedback}{old.id}.json", json.dumps(content))
    assert run("r1")["collected"] == 1
    assert rows()[0]["stage"] is None


def test_a_repeated_run_and_a_replayed_object_change_nothing(run, rows, layout):
    keep(WORD, layout)
    run("r1")
    before = rows()
    run("r1")
    keep(WORD, layout)
    run("r2")
    assert rows() == before


def test_a_word_said_again_is_one_row_as_new_as_when_it_was_said_last(
    run, rows, layout
):
    keep(WORD, layout)
    run("r1")
    keep(changed(given_at=MONDAY + timedelta(days=2)), layout)
    run("r2")
    (row,) = rows()
    assert row["given_at"].startswith("2026-02-04 09:00:00")


def test_without_feedback_a_run_writes_no_rows_and_copy_can_read_them(
    run, rows, layout, contract
):
    assert run("r1") == {"objects": 0, "collected": 0, "malformed": 0}
    assert rows() == []
    assert (
        list(read_parquet(layout.collected_feedback("r1")))
        == feedback_schema(contract).names
    )


MALFORMED = {
    "no-json.json": b"{",
    "no-text.json": b"\xff\xfe",
    "empty.json": b"",
    "strange.txt": b"hello",
    "large.json": b" " * (LARGEST + 1),
    "renamed.json": json.dumps(
        WORD.model_dump() | {"id": WORD.id, "given_at": MONDAY.isoformat()}
    ).encode(),
}


def test_malformed_objects_are_quarantined_with_a_reason_and_stop_nothing(
    run, rows, layout
):
    keep(WORD, layout)
    for name, content in MALFORMED.items():
        write_bytes(layout.feedback + name, content)
    assert run("r1") == {"objects": 7, "collected": 1, "malformed": 6}
    assert len(rows()) == 1
    kept = [read_json(uri) for uri in list_objects(layout.feedback_quarantine)]
    assert {one["uri"].rsplit("/", 1)[-1] for one in kept} == set(MALFORMED)
    assert all(one["reason"] for one in kept)


def test_a_malformed_object_is_counted_once(run, layout):
    write_text(layout.feedback + "no-json.json", "{")
    assert [run(name)["malformed"] for name in ("r1", "r2")] == [1, 0]


def test_feedback_from_the_future_is_malformed(run, rows, layout):
    keep(changed(given_at=datetime.now(UTC) + timedelta(days=3)), layout)
    assert run("r1")["malformed"] == 1
    assert rows() == []


def test_only_what_was_stored_since_the_newest_collected_is_read_again(
    run, layout, warehouse, contract
):
    keep(WORD, layout)
    run("r1")
    warehouse.execute(
        f"UPDATE public.{contract.names.feedback_table} SET stored_at = TIMESTAMP '{datetime.now(UTC):%Y}-12-31'"
    )
    assert run("r2")["objects"] == 0


def test_a_flood_of_one_rep_is_collected_whole(run, rows, layout):
    for number in range(150):
        keep(changed(rep="flooder", comment=str(number)), layout)
    assert run("r1")["collected"] == len(rows()) == 150


def test_the_caller_of_a_word_stands_in_its_row(
    run, layout, warehouse, contract
):
    keep(changed(said_by="crm"), layout)
    keep(changed(lead="a-2"), layout)
    run("r1")
    table = f"public.{contract.names.feedback_table}"
    rows = warehouse.query(
        f"SELECT said_by FROM {table} ORDER BY {contract.key}"
    )
    assert [row["said_by"] for row in rows] == ["crm", None]
