"""Every SQL file, rendered and executed."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

from datetime import UTC, datetime
from importlib.resources import files

import jinja2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sqlglot import exp, parse_one

from include.lake.errors import ObjectMissingError
from include.lake.frames import read_parquet, write_parquet
from include.settings import settings
from include.warehouse.templates import Statements, literal, timestamp

CREATES = (
    "create_leads",
    "create_staging",
    "create_scores",
    "create_drift_metrics",
    "create_promotions",
)
CREATES += (
    "create_feedback",
    "create_feedback_staging",
    "create_feedback_withdrawals",
)
VIEW = ("drop_current_scores", "create_current_scores")
FIRST, SECOND, THIRD = (f"2026-01-0{day}T03:00:00+00:00" for day in (1, 2, 3))


@pytest.fixture
def tables(statements, warehouse):
    for name in (*CREATES, *VIEW):
        warehouse.execute(statements.render(name))
    return warehouse


@pytest.fixture
def ingest(statements, tables, load_rows):
    """Loads rows the way ingest_leads does."""

    def load(rows: pd.DataFrame, load_id: str, ingested_at: str) -> None:
        load_rows(statements, rows, load_id, ingested_at)

    return load


@pytest.fixture
def leads(tables, contract):
    """All rows of the leads table by key."""
    return lambda: {
        row["account"]: row
        for row in tables.query(f"SELECT * FROM public.{contract.names.table}")
    }


def test_every_file_holds_one_statement(statements, layout):
    context = {
        "run_id": "r",
        "load_id": "l",
        "since": FIRST,
        "until": SECOND,
        "ingested_at": FIRST,
        "happened_at": FIRST,
    }
    context |= {"withdrawn_at": FIRST}
    context |= {
        "series": "s__",
        "before": SECOND,
        "champion_version": "1",
        "count": 2,
        "periods": [(FIRST, SECOND)],
    }
    context |= {
        "entry": ["decision_id", "act"],
        "empty": [],
        "schema": "public",
        "table": "t",
    }
    names = [
        file.name.removesuffix(".sql")
        for file in files("include.warehouse").joinpath("sql").iterdir()
        if file.name.endswith(".sql")
    ]
    assert len(names) >= 16
    for name in names:
        sql = statements.render(name, **context)
        assert ";" not in sql
        assert "--" not in sql


def rendered_files(statements):
    """Yield the name and the text of every file in sql/."""
    context = {"run_id": "r", "load_id": "l", "series": "s__", "count": 2}
    context |= dict.fromkeys(
        ("since", "until", "before", "ingested_at", "happened_at"), FIRST
    )
    context |= {"withdrawn_at": FIRST, "champion_version": "1"}
    context |= {"periods": [(FIRST, SECOND)], "entry": [], "empty": []}
    context |= {"schema": "public", "table": "t"}
    for file in files("include.warehouse").joinpath("sql").iterdir():
        name = file.name.removesuffix(".sql")
        if name != file.name:
            yield name, statements.render(name, **context)


def counts_only(total):
    """Tell whether a SUM adds plain numbers of a CASE: INTEGER, whose sum is a BIGINT."""
    case = total.this
    if not isinstance(case, exp.Case):
        return False
    values = [branch.args["true"] for branch in case.args["ifs"]]
    values.append(case.args["default"])
    return all(isinstance(value, exp.Literal) for value in values)


def test_no_sum_of_big_numbers_reaches_a_result_without_its_type(statements):
    """Redshift's SUM of BIGINT is NUMERIC(38,0), which the Data API sends as text (r_SUM.html)."""
    bare = []
    for name, sql in rendered_files(statements):
        if not sql.startswith("SELECT"):
            continue
        for item in parse_one(sql, read="redshift").expressions:
            for total in item.find_all(exp.Sum):
                if not counts_only(total) and not total.find_ancestor(exp.Cast):
                    bare.append((name, total.sql()))
    assert bare == []


def test_a_view_that_is_there_is_never_replaced_in_place(statements):
    """Redshift: the new query must have the same columns and types in the same order (r_CREATE_VIEW.html)."""
    views = [
        name
        for name, sql in rendered_files(statements)
        if "REPLACE VIEW" in sql
    ]
    assert views == []


def test_a_view_of_an_earlier_version_gives_way_to_one_with_other_columns(
    statements, tables
):
    drop, create = (statements.render(name) for name in VIEW)
    name = create.split()[2]
    tables.transaction([drop, f"CREATE VIEW {name} AS SELECT 1 AS one"])
    tables.transaction([drop, create])
    assert tables.query(f"SELECT COUNT(*) AS rows_now FROM {name}") == [
        {"rows_now": 0}
    ]
    assert tables.query(f"SELECT tier FROM {name}") == []


def test_creating_again_changes_nothing(
    statements, tables, ingest, leads, accounts
):
    ingest(accounts, "l1", FIRST)
    for name in (*CREATES, *VIEW):
        tables.execute(statements.render(name))
    assert len(leads()) == len(accounts)


def test_every_cell_of_a_load_arrives(ingest, leads, accounts):
    ingest(accounts, "l1", FIRST)
    arrived = (
        pd.DataFrame(leads().values())
        .set_index("account")
        .loc[accounts["account"]]
    )
    wanted = accounts.set_index("account")
    pd.testing.assert_frame_equal(
        arrived[wanted.columns].reset_index(),
        wanted.reset_index(),
        check_dtype=False,
    )
    assert set(arrived["source_file"]) == {"l1.csv"}


def test_the_same_load_twice_changes_nothing(ingest, leads, accounts):
    ingest(accounts, "l1", FIRST)
    before = leads()
    ingest(accounts, "l1", SECOND)
    assert leads() == before


def test_a_newer_load_updates_values_but_not_the_first_arrival(
    ingest, leads, accounts
):
    ingest(accounts.head(2), "l1", FIRST)
    ingest(accounts.head(3).assign(region="west"), "l2", SECOND)
    rows = list(leads().values())
    assert {row["region"] for row in rows} == {"west"}
    assert {row["source_file"] for row in rows} == {"l2.csv"}
    assert sorted(str(row["ingested_at"])[:10] for row in rows) == [
        "2026-01-01",
        "2026-01-01",
        "2026-01-02",
    ]


def test_a_label_is_dated_when_it_first_appears_and_never_lost(
    ingest, leads, accounts
):
    lead = accounts.head(1)
    ingest(lead.assign(won=np.nan), "l1", FIRST)
    assert (leads()["0-00000"]["won"], leads()["0-00000"]["label_at"]) == (
        None,
        None,
    )
    ingest(lead.assign(won=1), "l2", SECOND)
    assert leads()["0-00000"]["won"] == 1
    assert str(leads()["0-00000"]["label_at"]).startswith("2026-01-02 03:00")
    ingest(lead.assign(won=np.nan), "l3", "2026-01-03T03:00:00+00:00")
    assert leads()["0-00000"]["won"] == 1
    ingest(lead.assign(won=0), "l4", "2026-01-04T03:00:00+00:00")
    assert leads()["0-00000"]["won"] == 0
    assert str(leads()["0-00000"]["label_at"]).startswith("2026-01-02 03:00")


def test_a_snapshot_has_the_labelled_leads_and_open_leads_the_rest(
    statements, tables, ingest, layout, accounts
):
    accounts.loc[:99, "won"] = np.nan
    ingest(accounts, "l1", FIRST)
    tables.execute(statements.render("unload_snapshot", run_id="run-1"))
    tables.execute(statements.render("unload_open_leads", run_id="run-1"))
    labelled, still_open = (
        read_parquet(layout.snapshot("run-1")),
        read_parquet(layout.open_leads("run-1")),
    )
    assert set(labelled["account"]) == set(accounts["account"][100:])
    assert set(still_open["account"]) == set(accounts["account"][:100])
    assert list(labelled)[: len(layout.contract.fields)] == list(
        layout.contract.fields
    )


def ingest_in_three_loads(ingest, accounts):
    """Rows 0-9 at FIRST, 10-29 at SECOND, 30-59 at THIRD."""
    for rows, load, moment in (
        (slice(0, 10), "l1", FIRST),
        (slice(10, 30), "l2", SECOND),
        (slice(30, 60), "l3", THIRD),
    ):
        ingest(accounts[rows], load, moment)


def test_a_window_has_what_arrived_between_its_ends(
    statements, tables, ingest, layout, accounts
):
    ingest_in_three_loads(ingest, accounts)
    tables.execute(
        statements.render(
            "unload_window", run_id="w", since=FIRST, until=SECOND
        )
    )
    assert set(read_parquet(layout.window("w"))["account"]) == set(
        accounts["account"][10:30]
    )


def test_matured_leads_are_the_newest_closed_ones_between_two_moments(
    tables, ingest, layout, accounts, monkeypatch
):
    monkeypatch.setenv("LEADS_PERFORMANCE_LEADS", "15")
    settings.cache_clear()
    accounts.loc[20:24, "won"] = np.nan
    ingest_in_three_loads(ingest, accounts)
    statements = Statements(settings(), layout.contract)
    tables.execute(
        statements.render(
            "unload_matured", run_id="w", since=FIRST, until=SECOND
        )
    )
    assert set(read_parquet(layout.matured("w"))["account"]) == {
        *accounts["account"][10:20],
        *accounts["account"][25:30],
    }
    tables.execute(
        statements.render(
            "unload_matured", run_id="all", since=FIRST, until=THIRD
        )
    )
    assert set(read_parquet(layout.matured("all"))["account"]) == set(
        accounts["account"][45:60]
    )


def test_unloading_again_replaces_what_was_there(
    statements, tables, ingest, layout, accounts
):
    ingest(accounts, "l1", FIRST)
    for _ in range(2):
        tables.execute(
            statements.render(
                "unload_snapshot", run_id="manual__2026-01-01T00:00:00+00:00"
            )
        )
    assert len(
        read_parquet(layout.snapshot("manual__2026-01-01T00:00:00+00:00"))
    ) == len(accounts)


def test_scores_are_copied_once_however_often_the_run_is_repeated(
    statements, tables, layout, contract
):
    frame = pd.DataFrame({
        "account": ["a", "b"], "score": [90, 10], "probability": [0.9, 0.1], "prediction": [1, 0], "tier": ["A", "D"],
        "reasons": ['[{"text": "it\'s high"}]', None], "stage": "contact",
        "model_version": "1", "run_id": "r1", "scored_at": pd.Timestamp("2026-01-01", unit="us"),
    }).astype({"score": "int32", "prediction": "int32"})  # fmt: skip
    write_parquet(frame, layout.scores("r1") + "scores.parquet")
    for _ in range(2):
        tables.transaction(
            [
                statements.render("clear_scores", run_id="r1"),
                statements.render("copy_scores", run_id="r1"),
            ]
        )
    rows = tables.query(
        f"SELECT account, score, reasons FROM public.{contract.names.scores_table} ORDER BY account"
    )
    assert rows == [
        {"account": "a", "score": 90, "reasons": '[{"text": "it\'s high"}]'},
        {"account": "b", "score": 10, "reasons": None},
    ]


@pytest.fixture
def score(statements, tables, layout):
    """Loads the scores of one run the way score_leads does."""

    def load(run_id: str, scores: dict[str, int], scored_at: str) -> None:
        frame = pd.DataFrame({
            "account": list(scores), "score": list(scores.values()), "probability": 0.5, "prediction": 1, "tier": "A",
            "reasons": None, "stage": "contact", "model_version": "1", "run_id": run_id,
            "scored_at": pd.Timestamp(scored_at[:19]).as_unit("us"),
        }).astype({"score": "int32", "prediction": "int32", "reasons": pd.ArrowDtype(pa.string())})  # fmt: skip
        write_parquet(frame, layout.scores(run_id) + "scores.parquet")
        tables.transaction(
            [
                statements.render("clear_scores", run_id=run_id),
                statements.render("copy_scores", run_id=run_id),
            ]
        )

    return load


@pytest.fixture
def current(tables, contract):
    """Run, score and score before of each lead that has a current score."""

    def read() -> dict[str, tuple[str, int, int | None]]:
        rows = tables.query(
            f"SELECT * FROM public.{contract.names.scores_table}_current"
        )
        assert len({row["account"] for row in rows}) == len(rows)
        return {
            row["account"]: (row["run_id"], row["score"], row["previous_score"])
            for row in rows
        }

    return read


@pytest.fixture
def three_open(ingest, accounts):
    ingest(
        accounts.head(3).assign(account=["a", "b", "c"], won=np.nan),
        "l1",
        FIRST,
    )


def test_the_current_score_of_a_lead_is_its_newest_and_the_older_ones_stay(
    three_open, score, current, tables, contract
):
    score("r1", {"a": 10, "b": 20}, FIRST)
    score("r2", {"a": 30}, SECOND)
    assert current() == {"a": ("r2", 30, 10), "b": ("r1", 20, None)}
    assert tables.query(
        f"SELECT COUNT(*) AS rows FROM public.{contract.names.scores_table}"
    ) == [{"rows": 3}]


def test_an_older_run_that_is_repeated_does_not_become_the_current_one(
    three_open, score, current
):
    score("r1", {"a": 10}, FIRST)
    score("r2", {"a": 30}, SECOND)
    before = current()
    score("r1", {"a": 10}, FIRST)
    assert current() == before


def test_two_runs_of_the_same_moment_leave_one_current_row(
    three_open, score, current
):
    score("r1", {"a": 10}, FIRST)
    score("r2", {"a": 30}, FIRST)
    assert current() == {"a": ("r2", 30, 10)}


def test_a_lead_that_has_closed_since_is_no_longer_current(
    three_open, score, current, ingest, accounts
):
    score("r1", {"a": 10, "b": 20, "c": 30}, FIRST)
    ingest(
        accounts.head(2).assign(account=["a", "b"], won=[0, 1]), "l2", SECOND
    )
    assert set(current()) == {"c"}


def test_open_leads_are_counted_where_they_lie(
    statements, tables, three_open, ingest, accounts
):
    ingest(accounts.head(1).assign(account="a", won=1), "l2", SECOND)
    assert tables.query(statements.render("count_open_leads")) == [{"leads": 2}]


def test_a_value_that_a_file_needs_must_be_given(statements, layout):
    with pytest.raises(jinja2.UndefinedError, match="load_id"):
        statements.render("copy_load")


def test_an_unknown_file_is_named(statements, layout):
    with pytest.raises(jinja2.TemplateNotFound, match="drop_everything"):
        statements.render("drop_everything")


def test_a_quote_cannot_leave_its_literal(tables, layout):
    assert literal("it's") == "'it''s'"
    assert tables.query(f"SELECT {literal("x' OR 'a'='a")} AS t") == [
        {"t": "x' OR 'a'='a"}
    ]
    with pytest.raises(ObjectMissingError):
        read_parquet(layout.window("none'; DROP"))


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-01T05:30:00+05:30",
        "2026-01-01 00:00:00",
        "2026-01-01T00:00:00Z",
        datetime(2026, 1, 1, tzinfo=UTC),
    ],
)
def test_moments_are_written_in_utc(moment):
    assert timestamp(moment) == "TIMESTAMP '2026-01-01 00:00:00.000000'"


def test_what_is_no_moment_is_refused():
    with pytest.raises(ValueError, match="yesterday"):
        timestamp("yesterday")
