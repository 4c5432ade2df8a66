"""Training snapshots end with the versions that learnt from them, in a bucket and a registry that work for real."""

from datetime import UTC, datetime, timedelta

import pytest

from include.lake.objects import delete_objects, list_objects, write_bytes
from include.promotion.unused_snapshots import delete_unused_snapshots
from include.settings import settings


def later():
    """Return a moment before which everything here was stored."""
    return datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def snapshots(layout):
    """Snapshots of three runs, and one of a further outcome."""
    delete_objects(list_objects(layout.snapshots))
    for run in ("first", "second", "third", "outcome=approved/first"):
        for name in ("0000_part_00.parquet", "manifest.json"):
            write_bytes(f"{layout.snapshots}{run}/{name}", b"x")
    yield
    delete_objects(list_objects(layout.snapshots))


def runs(layout):
    folders = set()
    for uri in list_objects(layout.snapshots):
        path = uri.removeprefix(layout.snapshots)
        folders.add(path.rpartition("/")[0])
    return folders


@pytest.fixture
def learnt(mlflow_client, model, versions, layout):
    """Three versions: of the first, the second and again the first run."""
    numbers = versions(3)
    for number, run in zip(numbers, ("first", "second", "first"), strict=True):
        mlflow_client.set_model_version_tag(
            model, number, "snapshot_uri", layout.snapshot(run)
        )
    return numbers


def test_a_snapshot_that_no_version_names_is_deleted_and_no_other(
    snapshots, learnt, layout, contract
):
    deleted = delete_unused_snapshots(settings(), contract, later())
    assert deleted == [layout.snapshot("third")]
    assert runs(layout) == {"first", "second", "outcome=approved/first"}


def test_a_snapshot_ends_with_the_last_version_that_names_it(
    snapshots, learnt, layout, contract, mlflow_client, model
):
    for number in learnt[:2]:
        mlflow_client.delete_model_version(model, number)
    delete_unused_snapshots(settings(), contract, later())
    assert runs(layout) == {"first", "outcome=approved/first"}


def test_a_snapshot_whose_training_may_still_run_stays(
    snapshots, learnt, layout, contract
):
    before = datetime.now(UTC) - timedelta(hours=1)
    assert delete_unused_snapshots(settings(), contract, before) == []
    assert "third" in runs(layout)


def test_a_registry_that_has_lost_its_versions_costs_no_snapshot(
    snapshots, mlflow_client, layout, contract, caplog
):
    assert delete_unused_snapshots(settings(), contract, later()) == []
    assert len(runs(layout)) == 4
    assert "so no snapshot is deleted" in caplog.text
