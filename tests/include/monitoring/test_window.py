"""Where the window of a drift analysis begins and ends, and how many leads it should hold."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from include.monitoring import window
from include.settings import settings

REGISTERED = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
RUN_AFTER = "2026-02-10T04:29:00+00:00"


@pytest.fixture(autouse=True)
def leads(statements, warehouse, layout):
    """The table of leads, empty; the name as SQL writes it."""
    warehouse.execute(statements.render("create_leads"))
    return f"public.{layout.contract.names.table}"


@pytest.fixture(autouse=True)
def no_tracking_server(monkeypatch):
    """Which champion serves is each test's own statement, so nobody has to be asked."""
    monkeypatch.setattr(window, "connect", lambda tracking_uri: None)


@pytest.fixture
def serving(monkeypatch):
    monkeypatch.setattr(
        window,
        "champion",
        lambda client, model, ledger: SimpleNamespace(created_at=REGISTERED),
    )


@pytest.fixture
def analysed(warehouse, drift_table):
    """Stores an analysis: run, moment, verdict, whether it was confirmed."""

    def insert(run, moment, verdict, confirmed=False):
        columns = "run_id, checked_at, column_name, verdict, confirmed"
        warehouse.execute(
            f"INSERT INTO {drift_table} ({columns}) VALUES ('{run}', '{moment}', 'a', '{verdict}', {confirmed})"
        )

    return insert


@pytest.fixture
def arrive(warehouse, leads):
    """Stores `count` leads that arrived at a moment."""

    def insert(moment, count):
        rows = ", ".join(
            f"('{moment:%m%d%H}-{n}', TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}')"
            for n in range(count)
        )
        warehouse.execute(
            f"INSERT INTO {leads} (account, ingested_at) VALUES {rows}"
        )

    return insert


@pytest.fixture
def plan(contract, statements, warehouse):
    """Plans the window of a run: `plan(run)`."""

    def plan_run(run="master__run2"):
        return window.plan_window(
            settings(),
            contract,
            statements,
            warehouse,
            "master__",
            run,
            RUN_AFTER,
        )

    return plan_run


def test_without_a_champion_the_window_is_empty(monkeypatch, plan):
    monkeypatch.setattr(window, "champion", lambda client, model, ledger: None)
    planned = plan()
    assert (planned["since"], planned["until"], planned["expected_rows"]) == (
        RUN_AFTER,
        RUN_AFTER,
        None,
    )


@pytest.mark.usefixtures("serving")
def test_the_first_window_begins_with_the_champion_and_ends_with_the_run(plan):
    planned = plan()
    assert (planned["since"], planned["until"]) == (
        REGISTERED.isoformat(),
        RUN_AFTER,
    )


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("verdict", ["stable", "outage", "drift"])
def test_the_next_window_begins_where_the_last_analysis_ended(
    analysed, verdict, plan
):
    analysed("master__run1", "2026-02-03 04:29:00", verdict)
    assert plan()["since"] == "2026-02-03T04:29:00+00:00"


@pytest.mark.usefixtures("serving")
def test_leads_whose_drift_started_a_retrain_stay_in_the_window(analysed, plan):
    analysed("master__run1", "2026-02-03 04:29:00", "drift", confirmed=True)
    assert plan()["since"] == REGISTERED.isoformat()


@pytest.mark.usefixtures("serving")
def test_a_champion_newer_than_the_last_analysis_begins_the_window(
    analysed, plan
):
    analysed("master__run1", "2026-01-25 04:29:00.5", "stable")
    assert plan()["since"] == REGISTERED.isoformat()


@pytest.mark.usefixtures("serving")
def test_a_repeated_run_looks_at_the_same_leads_again(analysed, plan):
    analysed("master__run2", "2026-02-10 04:29:00", "stable")
    analysed("master__run3", "2026-02-17 04:29:00", "stable")
    analysed("monitor__run1", "2026-02-05 03:43:00", "stable")
    assert plan()["since"] == REGISTERED.isoformat()


@pytest.mark.usefixtures("serving")
def test_matured_leads_came_after_the_champion_and_are_old_enough(
    set_up, analysed, plan
):
    set_up(label_maturity_days=3)
    analysed("master__run1", "2026-02-03 04:29:00", "stable")
    planned = plan()
    assert planned["champion_since"] == REGISTERED.isoformat()
    assert planned["matured_until"] == "2026-02-07T04:29:00+00:00"


@pytest.mark.usefixtures("serving")
def test_the_same_days_of_the_weeks_before_say_how_many_leads_to_expect(
    analysed, arrive, plan
):
    analysed("master__run1", "2026-02-09 04:29:00", "stable")
    yesterday_noon = datetime(2026, 2, 9, 12, 0, tzinfo=UTC)
    for weeks, count in enumerate([3, 50, 70, 200, 60, 9]):
        arrive(yesterday_noon - timedelta(weeks=weeks), count)
        arrive(yesterday_noon - timedelta(weeks=weeks, days=2), 5)
    assert plan()["expected_rows"] == 65.0


@pytest.mark.usefixtures("serving")
def test_two_weeks_of_history_say_nothing(analysed, arrive, plan):
    analysed("master__run1", "2026-02-09 04:29:00", "stable")
    for weeks in (1, 2, 3):
        arrive(
            datetime(2026, 2, 9, 12, 0, tzinfo=UTC) - timedelta(weeks=weeks), 50
        )
    assert plan()["expected_rows"] is None


def test_the_periods_before_are_whole_weeks_back_and_never_overlap_the_window():
    since, until = (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 11, tzinfo=UTC),
    )
    periods = window.earlier_periods(since, until)
    assert [(since - start).days for start, _ in periods] == [14, 28, 42, 56]
    assert all(
        end - start == until - since and end <= since for start, end in periods
    )
