"""Where the window of a drift analysis begins."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from include.monitoring import window

REGISTERED = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
RUN_AFTER = "2026-02-10T04:29:00+00:00"


class Answers:
    """A warehouse that answers with one cell and keeps what it was asked."""

    def __init__(self, moment):
        self.moment, self.asked = moment, []

    def __call__(self, settings):
        return self

    def query(self, sql, **parameters):
        self.asked.append((sql, parameters))
        return [{"moment": self.moment}]


@pytest.fixture
def serving(monkeypatch):
    monkeypatch.setattr(window, "champion", lambda model: SimpleNamespace(created_at=REGISTERED))


def start(monkeypatch, moment):
    warehouse = Answers(moment)
    monkeypatch.setattr(window, "Warehouse", warehouse)
    return window.window_start("master__", "master__run2", RUN_AFTER), warehouse


def test_without_a_champion_the_window_is_empty(monkeypatch):
    monkeypatch.setattr(window, "champion", lambda model: None)
    assert start(monkeypatch, None)[0] == RUN_AFTER


@pytest.mark.usefixtures("serving")
def test_the_first_window_begins_with_the_champion(monkeypatch):
    assert start(monkeypatch, None)[0] == REGISTERED.isoformat()


@pytest.mark.usefixtures("serving")
def test_the_next_window_begins_where_the_last_settled_analysis_ended(monkeypatch):
    assert start(monkeypatch, "2026-02-03 04:29:00")[0] == "2026-02-03T04:29:00+00:00"


@pytest.mark.usefixtures("serving")
def test_a_champion_newer_than_the_last_analysis_begins_the_window(monkeypatch):
    assert start(monkeypatch, "2026-01-25 04:29:00.5")[0] == REGISTERED.isoformat()


@pytest.mark.usefixtures("serving")
def test_drifted_leads_stay_in_the_window_and_a_repeated_run_does_not_count_itself(monkeypatch):
    sql, parameters = start(monkeypatch, None)[1].asked[0]
    assert "verdict <> 'drift'" in sql
    assert parameters == {"series": "master__", "run_id": "master__run2"}
