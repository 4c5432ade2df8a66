"""The tasks that say whether leads are erased, and until when."""

from datetime import UTC, datetime

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from include.settings import settings


@pytest.fixture
def limit_with(monkeypatch):
    """The limit that a run of 30 November finds: `limit_with(days)`."""

    def find(days):
        from lifecycle.retention import find_limit

        monkeypatch.setenv("LEADS_RETENTION_PERSONAL_DAYS", days)
        settings.cache_clear()
        return find_limit.function("2026-11-30T01:53:00+00:00")

    yield find
    monkeypatch.undo()
    settings.cache_clear()


def test_nothing_is_erased_unless_somebody_has_set_a_limit(limit_with):
    with pytest.raises(AirflowSkipException, match="personal_days is 0"):
        limit_with("0")


def test_days_are_counted_back_from_the_run(limit_with):
    assert limit_with("365") == "2025-11-30T01:53:00+00:00"


def test_snapshots_of_all_outcomes_that_are_older_than_thirty_days_may_go(
    monkeypatch,
):
    from lifecycle.names import Names
    from lifecycle.retention import delete_snapshots

    calls = []

    def delete(settings, contract, before):
        calls.append((contract.names.model, before))
        return [contract.names.model]

    monkeypatch.setattr(
        "include.promotion.unused_snapshots.delete_unused_snapshots", delete
    )
    models = [view.names.model for view in Names().contract.views]
    assert delete_snapshots.function("2026-11-30T01:53:00+00:00") == models
    limit = datetime(2026, 10, 31, 1, 53, tzinfo=UTC)
    assert calls == [(model, limit) for model in models]
