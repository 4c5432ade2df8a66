"""The SQL of the feedback loop: merging, late labels, and which votes decide a training label."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

import itertools
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from include.contract import KnownAt
from include.feedback.collect import collect
from include.feedback.verdicts import keep, said
from include.feedback.withdraw import withdraw
from include.lake.errors import ObjectMissingError
from include.lake.frames import read_parquet
from include.settings import settings
from include.training.data.dataset import load_dataset
from include.training.data.snapshot import write_manifest
from include.warehouse.templates import Statements

OPEN = 100
"""So many accounts, the oldest, are open; the rest has its label."""


@pytest.fixture
def feedback(contract):
    return f"public.{contract.names.feedback_table}"


@pytest.fixture
def ingest(statements, load_rows):
    """Loads rows the way ingest_leads does, of a file of unknown age: `ingest(rows, load_id)`."""

    def load(rows, load_id):
        load_rows(statements, rows, load_id, "2026-01-02T03:00:00+00:00")

    return load


@pytest.fixture
def tables(statements, warehouse, ingest, accounts):
    """Tables of leads and feedback; 600 leads, of which the first 100 are open."""
    for name in (
        "create_leads",
        "create_staging",
        "create_feedback",
        "create_feedback_staging",
        "create_feedback_withdrawals",
    ):
        warehouse.execute(statements.render(name))
    accounts.loc[: OPEN - 1, "won"] = np.nan
    ingest(accounts, "l1")
    return warehouse


@pytest.fixture
def say(tables, feedback, contract):
    """Puts words into the table: `say(rep, outcome, *numbers of leads)`, each newer than the one before."""
    counter = itertools.count()

    def put(rep, outcome, *leads, caller=None):
        said = "NULL" if outcome is None else outcome
        said_by = "NULL" if caller is None else f"'{caller}'"
        rows = [
            f"('{next(counter):05d}', '0-{lead:05d}', '{rep}', 'too_low', '7', {said}, "
            f"'', TIMESTAMP '2026-02-01' + INTERVAL '{next(counter)} minute', TIMESTAMP '2026-02-01', FALSE, {said_by})"
            for lead in leads
        ]
        names = (
            f"id, {contract.key}, rep, verdict, model_version, rep_outcome, comment, "
            "given_at, stored_at, lead_known, said_by"
        )
        tables.execute(
            f"INSERT INTO {feedback} ({names}) VALUES {', '.join(rows)}"
        )

    return put


@pytest.fixture
def use(monkeypatch):
    def change(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"LEADS_{name.upper()}", str(value))
        settings.cache_clear()

    return change


@pytest.fixture
def snapshot(contract, tables, layout):
    """The snapshot by key, as a training reads it."""

    def unload():
        tables.execute(
            Statements(settings(), contract).render(
                "unload_snapshot", run_id="s"
            )
        )
        return read_parquet(layout.snapshot("s")).set_index("account")

    return unload


@pytest.fixture
def votes(contract, tables, layout):
    def unload():
        tables.execute(
            Statements(settings(), contract).render("unload_votes", run_id="s")
        )
        return read_parquet(layout.votes("s")).set_index("account")

    return unload


def label_of(snapshot, number):
    return snapshot["training_label"].get(f"0-{number:05d}")


def test_without_feedback_a_snapshot_is_the_labelled_leads_with_their_own_label_and_weight_one(
    statements, tables, snapshot, accounts, layout
):
    found, wanted = snapshot(), accounts.set_index("account").iloc[OPEN:]
    assert set(found.index) == set(wanted.index)
    assert (found["training_label"] == found["won"]).all()
    assert (found["training_weight"] == 1.0).all()
    tables.execute(statements.render("unload_votes", run_id="s"))
    with pytest.raises(ObjectMissingError):
        read_parquet(layout.votes("s"))


def test_an_open_lead_gets_the_outcome_that_a_rep_reports(say, snapshot):
    say("asha", 1, 3)
    say("asha", 0, 4)
    found = snapshot()
    assert (label_of(found, 3), label_of(found, 4), label_of(found, 5)) == (
        1,
        0,
        None,
    )
    assert np.isnan(found.loc["0-00003", "won"])


def test_by_default_the_warehouses_label_is_never_overruled(
    say, snapshot, accounts
):
    wrong = int(1 - accounts["won"][200])
    for rep in ("asha", "ben", "chen"):
        say(rep, wrong, 200)
    assert label_of(snapshot(), 200) == 1 - wrong


def test_two_reps_against_the_warehouse_overrule_it_where_the_setting_says_so_and_one_does_not(
    say, snapshot, use, accounts
):
    use(feedback_labels="correct")
    for number, reps in ((200, ["asha"]), (201, ["asha", "ben"])):
        for rep in reps:
            say(rep, int(1 - accounts["won"][number]), number)
    found = snapshot()
    assert label_of(found, 200) == accounts["won"][200]
    assert label_of(found, 201) == 1 - accounts["won"][201]
    assert found.loc["0-00201", "won"] == accounts["won"][201]


def test_switched_off_feedback_changes_no_label(say, snapshot, use):
    use(feedback_labels="off")
    say("asha", 1, 3)
    found = snapshot()
    assert label_of(found, 3) is None
    assert (found["training_label"] == found["won"]).all()


def test_the_majority_over_reps_decides_and_a_tie_changes_nothing(
    say, snapshot
):
    say("asha", 1, 1, 2)
    say("ben", 0, 1, 2)
    say("chen", 0, 2)
    found = snapshot()
    assert (label_of(found, 1), label_of(found, 2)) == (None, 0)


def test_a_rep_who_says_a_thing_a_hundred_times_has_one_voice(
    say, snapshot, votes
):
    say("flooder", 1, *[7] * 100)
    say("asha", 0, 7)
    say("ben", 0, 7)
    assert label_of(snapshot(), 7) == 0
    assert votes().loc["0-00007", ["votes", "superseded"]].tolist() == [3, 99]


def test_of_a_reps_words_on_a_lead_the_newest_that_names_an_outcome_counts(
    say, snapshot
):
    say("asha", 0, 8)
    say("asha", 1, 8)
    say("asha", None, 8)
    assert label_of(snapshot(), 8) == 1


def test_no_rep_changes_more_labels_than_the_cap_allows_and_the_oldest_votes_count(
    say, snapshot, votes, use
):
    use(feedback_rep_share=0.02)  # of 500 labelled leads: 10
    say("flooder", 1, *range(60))
    say("asha", 1, 80)
    found = snapshot()
    assert [label_of(found, number) for number in range(12)] == [1] * 10 + [
        None
    ] * 2
    assert label_of(found, 80) == 1
    assert votes()["capped"].sum() == 50


def test_a_caller_who_calls_itself_many_reps_has_one_cap(
    say, snapshot, votes, use
):
    use(feedback_rep_share=0.02)  # of 500 labelled leads: 10
    for lead in range(60):
        say(f"rep-{lead}", 1, lead, caller="crm")
    say("rep-1", 1, 80, caller="desk")
    found = snapshot()
    assert [label_of(found, number) for number in range(12)] == [1] * 10 + [
        None
    ] * 2
    assert label_of(found, 80) == 1
    assert votes()["capped"].sum() == 50


def test_a_caller_cannot_speak_over_a_rep_of_another_caller(say, snapshot):
    say("asha", 0, 7, caller="desk")
    say("ben", 0, 7, caller="desk")
    say("asha", 1, 7, caller="crm")
    assert label_of(snapshot(), 7) == 0


def test_a_caller_whose_words_were_withdrawn_labels_nothing(
    say, snapshot, statements, tables
):
    say("asha", 1, 3, caller="crm")
    say("asha", 1, 4, caller="desk")
    moment = datetime(2026, 2, 1, 1, tzinfo=UTC)
    withdraw(statements, tables, "crm", "a test key", moment)
    found = snapshot()
    assert (label_of(found, 3), label_of(found, 4)) == (None, 1)


def test_votes_that_agree_with_the_warehouse_do_not_use_up_the_cap(
    say, snapshot, use, accounts
):
    use(feedback_rep_share=0.002)  # one lead
    for number in range(200, 230):
        say("asha", int(accounts["won"][number]), number)
    say("asha", 1, 3)
    assert label_of(snapshot(), 3) == 1


def test_a_capped_voice_does_not_count_against_others(say, snapshot, use):
    use(feedback_rep_share=0.004)  # two leads
    say("flooder", 1, 1, 2, 3)
    say("asha", 0, 3)
    assert label_of(snapshot(), 3) == 0


def test_a_lead_whose_label_reps_confirm_gets_the_weight_of_the_setting(
    say, snapshot, use, accounts
):
    use(feedback_weight=2.5)
    say("asha", int(accounts["won"][200]), 200)
    say("asha", int(1 - accounts["won"][201]), 201)
    say("asha", 1, 3)
    weight = snapshot()["training_weight"]
    assert weight[["0-00200", "0-00201", "0-00003"]].tolist() == [2.5, 1.0, 2.5]
    assert (weight.drop(["0-00200", "0-00003"]) == 1.0).all()


def test_feedback_on_a_lead_that_does_not_exist_labels_nothing(
    say, snapshot, votes
):
    say("asha", 1, 99_999)
    say("asha", 1, 3)
    assert set(votes().index) == {"0-00003"}
    assert len(snapshot()) == 501


def test_a_snapshot_and_its_votes_do_not_depend_on_the_order_of_the_rows(
    say, snapshot, tables, feedback
):
    say("flooder", 1, *range(60))
    say("asha", 0, 1, 2, 3)
    first = snapshot()
    tables.transaction([
        f"CREATE TABLE {feedback}_copy AS SELECT * FROM {feedback} ORDER BY id DESC",
        f"DELETE FROM {feedback}",
        f"INSERT INTO {feedback} SELECT * FROM {feedback}_copy",
    ])  # fmt: skip
    pd.testing.assert_frame_equal(snapshot().sort_index(), first.sort_index())


def flags(tables, feedback):
    names = "account, lead_known, outcome, CAST(outcome_at AS VARCHAR) AS outcome_at"
    return {
        row["account"]: row
        for row in tables.query(f"SELECT {names} FROM {feedback}")
    }


def test_a_flag_gets_its_outcome_when_a_later_ingestion_brings_the_label(
    statements, say, tables, feedback, ingest, accounts
):
    say("asha", None, 3, 200, 99_999)
    tables.execute(statements.render("join_outcomes"))
    found = flags(tables, feedback)
    assert (found["0-00003"]["lead_known"], found["0-00003"]["outcome"]) == (
        True,
        None,
    )
    assert found["0-00200"]["outcome"] == accounts["won"][200]
    assert found["0-00200"]["outcome_at"].startswith("2026-01-02 03:00")
    assert (found["0-99999"]["lead_known"], found["0-99999"]["outcome"]) == (
        False,
        None,
    )
    ingest(accounts[3:4].assign(won=1), "l2")
    tables.execute(statements.render("join_outcomes"))
    assert flags(tables, feedback)["0-00003"]["outcome"] == 1


def test_a_label_that_is_corrected_later_corrects_the_flag(
    statements, say, tables, feedback, ingest, accounts
):
    say("asha", None, 200)
    for outcome in (0, 1):
        ingest(accounts[200:201].assign(won=outcome), f"l{outcome}")
        tables.execute(statements.render("join_outcomes"))
    assert flags(tables, feedback)["0-00200"]["outcome"] == 1


def test_unknown_leads_are_counted(statements, say, tables):
    say("asha", None, 3, 200, 99_999)
    tables.execute(statements.render("join_outcomes"))
    assert tables.query(statements.render("count_feedback")) == [
        {"flags": 3, "unknown_leads": 1, "with_outcome": 1}
    ]


def test_where_no_lead_has_a_label_yet_reps_label_none_since_the_cap_is_a_share(
    say, snapshot, tables, contract
):
    tables.execute(
        f"UPDATE public.{contract.names.table} SET {contract.label} = NULL"
    )
    say("asha", 1, 3)
    with pytest.raises(ObjectMissingError):  # UNLOAD of no rows
        snapshot()


def test_what_a_rep_says_of_a_score_reaches_the_next_training(
    statements, tables, layout, contract
):
    leads = [f"0-{number:05d}" for number in range(10)]
    for lead in leads:
        word = {
            "lead": lead,
            "rep": "asha",
            "verdict": "too_low",
            "model_version": "7",
            "outcome": 1,
        }
        keep(said(word, datetime.now(UTC)), layout)
    collect(layout, statements, tables, "c")
    steps = (
        "clear_feedback_staging",
        "copy_feedback",
        "merge_feedback",
        "join_outcomes",
    )
    tables.transaction([statements.render(name, run_id="c") for name in steps])
    tables.transaction(
        [
            statements.render(name, run_id="t")
            for name in ("unload_votes", "unload_snapshot")
        ]
    )
    manifest = write_manifest(settings(), contract, "t", "UNLOAD …")
    assert (
        manifest["rows"],
        manifest["labelled_rows"],
        manifest["feedback"]["filled"],
    ) == (510, 500, 10)
    data = load_dataset(manifest["uri"], contract, KnownAt.CONTACT)
    told = data.frame["account"].isin(leads)
    assert set(data.target[told]) == {1}
    assert set(data.split[told]) == {"train", "validation"}
