"""Loads that come in any order: the table of leads has the values of the newest row and the newest outcome."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest

from include.contract.model import Outcome
from include.decisions import Decisions
from include.settings import settings
from include.warehouse.migrate import add_missing_columns
from include.warehouse.templates import Statements

DAYS = [pd.Timestamp(f"2026-01-0{day}T06:00:00") for day in (1, 2, 3, 4)]
MERGED = [f"2026-02-0{day}T03:00:00+00:00" for day in (1, 2, 3, 4, 5)]


@pytest.fixture
def make(statements, warehouse):
    """Creates the tables of a contract like the tests' own, with other keys of it, and returns its statements."""

    def create(**keys: object) -> Statements:
        contract = statements.contract.model_copy(update=keys)
        rendered = Statements(settings(), contract)
        for name in ("create_leads", "create_staging"):
            warehouse.execute(rendered.render(name))
        return rendered

    return create


@pytest.fixture
def ingest(make, load_rows):
    """Loads one row of lead `a`: `ingest(day, visits=3)`; loads are merged one after the other."""
    statements = make()
    turn = iter(MERGED)

    def load(changed_at: object, **values: object) -> None:
        moment = next(turn)
        row = lead("a", **values) | {"source_changed_at": changed_at}
        load_rows(statements, pd.DataFrame([row]), moment[:10], moment)

    return load


@pytest.fixture
def rows(warehouse, contract):
    """All rows of the table by key."""
    return lambda: {
        row["account"]: row
        for row in warehouse.query(
            f"SELECT * FROM public.{contract.names.table}"
        )
    }


def lead(key: str, visits: int = 0, won: float = np.nan, **more: object):
    """A row of the test contract."""
    return {
        "account": key, "number": 1, "won": won, "visits": visits, "minutes": 1.0, "channel": "web", "region": None,
        "remark": "free text", "constant": "No", "newsletter": "No", "fit": "low", "opinion": "hot", **more,
    }  # fmt: skip


def test_clearing_the_first_day_after_the_second_keeps_the_second(ingest, rows):
    ingest(DAYS[0], visits=3)
    ingest(DAYS[1], visits=9)
    before = rows()
    ingest(DAYS[0], visits=3)
    assert before["a"]["visits"] == 9
    assert rows() == before


def test_a_backfill_of_a_day_that_was_never_loaded_changes_no_value(
    ingest, rows
):
    ingest(DAYS[2], visits=9)
    before = rows()
    ingest(DAYS[0], visits=3)
    assert rows() == before


def test_a_backfill_brings_the_leads_that_only_it_has(make, load_rows, rows):
    statements = make()
    newer = pd.DataFrame([lead("a", 9)]).assign(source_changed_at=DAYS[1])
    older = pd.DataFrame([lead("a", 3), lead("b", 4)])
    load_rows(statements, newer, "l2", MERGED[0])
    load_rows(
        statements, older.assign(source_changed_at=DAYS[0]), "l1", MERGED[1]
    )
    assert {key: row["visits"] for key, row in rows().items()} == {
        "a": 9,
        "b": 4,
    }
    assert rows()["a"]["source_file"] == "l2.csv"
    assert str(rows()["b"]["ingested_at"]).startswith("2026-02-02")


def test_an_older_row_brings_the_outcome_that_the_newer_one_lacks(ingest, rows):
    ingest(DAYS[1], visits=9)
    ingest(DAYS[0], visits=3, won=1)
    assert (rows()["a"]["visits"], rows()["a"]["won"]) == (9, 1)
    assert str(rows()["a"]["label_at"]).startswith("2026-02-02 03:00")


def test_an_older_outcome_does_not_replace_a_newer_one(ingest, rows):
    ingest(DAYS[1], won=1)
    before = rows()
    ingest(DAYS[0], won=0)
    assert rows() == before


def test_an_outcome_between_that_of_the_table_and_its_row_replaces_the_outcome(
    ingest, rows
):
    ingest(DAYS[0], visits=3, won=0)
    ingest(DAYS[2], visits=9)
    ingest(DAYS[1], visits=5, won=1)
    assert (rows()["a"]["visits"], rows()["a"]["won"]) == (9, 1)
    assert str(rows()["a"]["label_at"]).startswith("2026-02-01 03:00")


def test_of_two_rows_of_one_moment_the_last_load_wins(ingest, rows):
    ingest(DAYS[0], visits=3, won=0)
    ingest(DAYS[0], visits=9, won=1)
    assert (rows()["a"]["visits"], rows()["a"]["won"]) == (9, 1)


def test_a_row_of_unknown_moment_is_older_than_any_other(ingest, rows):
    ingest(pd.NaT, visits=1, won=0)
    ingest(DAYS[0], visits=3, won=1)
    ingest(pd.NaT, visits=1, won=0)
    assert (rows()["a"]["visits"], rows()["a"]["won"]) == (3, 1)


def histories() -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Every order in which four rows can be loaded, with every way in which they have outcomes."""
    return [
        (order, outcomes)
        for order in permutations(range(4))
        for outcomes in product((np.nan, 0.0, 1.0), repeat=4)
    ]


def load_histories(load_rows, statements, moments) -> None:
    """Loads a lead for each history: row `n` of it has visits `n`, and the values of `moments[n]`."""
    for turn in range(4):
        loaded = []
        for number, (order, outcomes) in enumerate(histories()):
            row = order[turn]
            loaded.append(
                lead(f"lead-{number}", visits=row, won=outcomes[row])
                | moments[row]
            )
        load_rows(statements, pd.DataFrame(loaded), f"l{turn}", MERGED[turn])


def check_histories(rows) -> None:
    """Checks that every lead has the last row, the last outcome, and the moment at which an outcome came first."""
    found = rows()
    assert len(found) == len(histories())
    for number, (order, outcomes) in enumerate(histories()):
        row = found[f"lead-{number}"]
        labels = [label for label in outcomes if not np.isnan(label)]
        assert row["visits"] == 3, (order, outcomes)
        assert row["won"] == (labels[-1] if labels else None), (order, outcomes)
        turns = [
            turn
            for turn, loaded in enumerate(order)
            if not np.isnan(outcomes[loaded])
        ]
        first = MERGED[turns[0]][:10] if turns else "None"
        assert str(row["label_at"])[:10] == first, (order, outcomes)
        assert str(row["ingested_at"])[:10] == MERGED[0][:10]


def test_every_order_of_loads_ends_in_the_same_leads(make, load_rows, rows):
    moments = [{"source_changed_at": moment} for moment in (pd.NaT, *DAYS[1:])]
    load_histories(load_rows, make(), moments)
    check_histories(rows)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("minutes", [np.nan, 1.5, 2.0, 2.0]),
        ("remark", [None, "2026-01-01", "2026-01-02", "2026-01-02"]),
    ],
)
def test_a_column_of_the_contract_decides_before_the_time_of_the_file(
    make, load_rows, rows, field, values
):
    # The oldest row has the newest file; the last two are told apart by the file only.
    files = [DAYS[3], DAYS[2], DAYS[0], DAYS[1]]
    moments = [
        {field: value, "source_changed_at": file}
        for value, file in zip(values, files, strict=True)
    ]
    load_histories(load_rows, make(changed_at=field), moments)
    check_histories(rows)


def test_leads_of_before_there_were_moments_are_older_than_what_comes(
    make, warehouse, load_rows, rows, contract
):
    statements = make()
    table = f"public.{contract.names.table}"
    for name in ("source_changed_at", "label_source_changed_at"):
        warehouse.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
    warehouse.execute(
        f"INSERT INTO {table} (account, visits, won) VALUES ('a', 1, 0)"
    )
    add_missing_columns(statements, warehouse, ["create_leads"])
    newer = pd.DataFrame([lead("a", 9, won=1)])
    load_rows(
        statements, newer.assign(source_changed_at=DAYS[0]), "l1", MERGED[0]
    )
    assert (rows()["a"]["visits"], rows()["a"]["won"]) == (9, 1)


def test_each_outcome_stays_with_the_newest_row_that_knows_it(
    make, load_rows, rows, contract
):
    renewed = contract.column("won").model_copy(
        update={"name": "Renewed", "field": "renewed", "known_at": "outcome"}
    )
    names = contract.names.model_copy(update={"model": "renewed"})
    outcomes = [
        Outcome(field="won", names=contract.names, decisions=Decisions()),
        Outcome(field="renewed", names=names, decisions=Decisions()),
    ]
    statements = make(
        columns=(*contract.columns, renewed), outcomes=tuple(outcomes)
    )
    loads = [
        (DAYS[0], {"won": 1, "renewed": np.nan}),
        (DAYS[2], {"won": np.nan, "renewed": 1}),
        (DAYS[1], {"won": 0, "renewed": 0}),
        (DAYS[3], {"won": np.nan, "renewed": np.nan}),
    ]
    for number, (changed_at, values) in enumerate(loads):
        row = lead("a", number, **values) | {"source_changed_at": changed_at}
        frame = pd.DataFrame([row])
        load_rows(statements, frame, f"l{number}", MERGED[number])
    row = rows()["a"]
    assert (row["won"], row["renewed"], row["visits"]) == (0, 1, 3)
    assert str(row["label_at"])[:10] == MERGED[0][:10]
    assert str(row["renewed_label_at"])[:10] == MERGED[1][:10]
    moments = [
        str(row[name])[:10]
        for name in (
            "label_source_changed_at",
            "renewed_label_source_changed_at",
        )
    ]
    assert moments == [str(DAYS[1])[:10], str(DAYS[2])[:10]]
