"""When a drift is confirmed, by verdicts in the warehouse's own table."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from include.decisions import Decisions
from include.monitoring.debounce import earlier_verdicts, in_words, is_confirmed
from include.settings import settings

START = datetime(2026, 2, 2, 4, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest_first", "k", "n", "confirmed"),
    [
        ("D", 1, 1, True),
        ("S", 1, 1, False),
        ("O", 1, 1, False),
        ("D", 2, 3, False),
        ("DD", 2, 3, True),
        ("DSD", 2, 3, True),
        ("DOD", 2, 3, True),
        ("DSSD", 2, 3, False),
        ("SDD", 2, 3, False),
        ("ODD", 1, 3, False),
    ],
)
def test_k_of_the_newest_n_with_the_newest_among_them_confirm(
    newest_first, k, n, confirmed
):
    names = {"D": "drift", "S": "stable", "O": "outage"}
    assert (
        is_confirmed([names[letter] for letter in newest_first], k, n)
        is confirmed
    )


def test_the_count_is_told_in_words():
    assert (
        in_words(["drift", "stable"], 2, 3)
        == "1 of the newest 2 analyses drifted, 2 of 3 needed"
    )


def test_more_than_all_analyses_cannot_be_asked_for():
    with pytest.raises(
        ValidationError, match="set LEADS_DRIFT_DEBOUNCE_K to at most"
    ):
        Decisions(drift_debounce_k=3, drift_debounce_n=2)


@pytest.fixture
def store(warehouse, drift_table):
    """Stores an analysis of two columns, `weeks` after the first."""

    def insert(run, verdict, weeks=0, champion="7"):
        moment = START + timedelta(weeks=weeks)
        values = ", ".join(
            f"('{run}', TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}', '{column}', '{verdict}', FALSE, '{champion}')"
            for column in ("a", "b")
        )
        columns = "run_id, checked_at, column_name, verdict, confirmed, champion_version"
        warehouse.execute(
            f"INSERT INTO {drift_table} ({columns}) VALUES {values}"
        )

    return insert


@pytest.fixture
def earlier(statements, warehouse):
    """Returns the verdicts before a run: `earlier(run, weeks)`."""

    def verdicts_before(run="master__now", weeks=9):
        return earlier_verdicts(
            settings().decisions,
            statements,
            warehouse,
            "master__",
            run,
            "7",
            START + timedelta(weeks=weeks),
        )

    return verdicts_before


def test_the_newest_come_first_and_no_more_than_count(store, set_up, earlier):
    set_up(drift_debounce_k=2, drift_debounce_n=3)
    for week, verdict in enumerate(["outage", "stable", "drift"]):
        store(f"master__{week}", verdict, week)
    assert earlier() == ["drift", "stable"]


def test_other_series_other_champions_later_runs_and_the_run_itself_do_not_count(
    store, set_up, earlier
):
    set_up(drift_debounce_k=2, drift_debounce_n=9)
    store("master__1", "stable")
    store("monitor__1", "drift")
    store("master__2", "drift", champion="6")
    store("master__now", "drift")
    store("master__later", "drift", weeks=9)
    assert earlier() == ["stable"]


def test_nobody_is_asked_where_only_this_analysis_counts(statements):
    nobody = None
    assert (
        earlier_verdicts(
            Decisions(),
            statements,
            nobody,
            "master__",
            "master__now",
            "7",
            START,
        )
        == []
    )
