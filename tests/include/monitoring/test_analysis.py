import pytest
from mlflow import MlflowClient

from include.lake.objects import list_objects, read_json, read_text, s3_client, split_uri
from include.monitoring.analysis import ReferenceMissing, analyse_drift
from include.registry.tracking import TrackingUnavailable
from include.settings import settings
from include.warehouse.client import WarehouseError

RUN = "manual__2026-01-01T00:00:00+00:00"


def changed(frame):
    every_third = frame.index % 3 == 0
    return frame.assign(
        minutes=frame["minutes"] * 2, visits=frame["visits"] + 9, channel=frame["channel"].mask(every_third, "new")
    )


@pytest.fixture
def drifted_window(window, accounts_of):
    return window(changed(accounts_of(500, seed=2)))


def test_without_a_champion_there_is_nothing_to_compare_with(tracking, warehouse, window, accounts):
    summary = analyse_drift(RUN, window(accounts))
    assert (summary["verdict"], summary["current_rows"], summary["report_uri"]) == ("no_champion", 600, None)


def test_a_small_window_is_not_judged(crown, warehouse, window, accounts):
    crown(accounts)
    summary = analyse_drift(RUN, window(accounts.head(199)))
    assert (summary["verdict"], summary["current_rows"]) == ("not_enough_data", 199)


def test_an_empty_window_is_not_judged(crown, warehouse, layout, accounts):
    crown(accounts)
    assert analyse_drift(RUN, layout.window("nothing-unloaded"))["verdict"] == "not_enough_data"


def test_the_same_population_is_stable(crown, warehouse, window, accounts_of):
    crown(accounts_of(600, seed=1))
    summary = analyse_drift(RUN, window(accounts_of(500, seed=2)))
    assert summary["verdict"] == "stable"
    assert (summary["reference_rows"], summary["current_rows"]) == (600, 500)


def test_an_outage_names_its_columns(crown, warehouse, window, accounts_of):
    crown(accounts_of(600, seed=1))
    summary = analyse_drift(RUN, window(accounts_of(500, seed=2).assign(fit=None)))
    assert (summary["verdict"], summary["outage_columns"]) == ("outage", ["fit"])


def test_drift_is_recorded_in_reports_mlflow_and_warehouse(crown, warehouse, drifted_window, accounts_of, drift_table):
    version = crown(accounts_of(600, seed=1))
    summary = analyse_drift(RUN, drifted_window)
    assert summary["verdict"] == "drift"
    assert set(summary["drifted_columns"]) == {"minutes", "visits", "channel"}

    folder = summary["report_uri"].rsplit("/", 1)[0] + "/"
    assert [uri.removeprefix(folder) for uri in list_objects(folder)] == ["drift.html", "drift.json", "summary.json"]
    assert "<html" in read_text(summary["report_uri"])
    assert read_json(folder + "summary.json")["champion_version"] == version

    client = MlflowClient(settings().mlflow_tracking_uri)
    run = client.get_run(summary["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["drift_share"] == pytest.approx(summary["drifted_share"], abs=1e-4)
    assert run.data.metrics["drifted.minutes"] == 1
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {
        "drift.html",
        "drift.json",
        "summary.json",
    }

    rows = warehouse.query(f"SELECT column_name, drifted, verdict FROM {drift_table}")  # noqa: S608
    assert len(rows) == 7
    assert {row["column_name"] for row in rows if row["drifted"]} == set(summary["drifted_columns"])
    assert {row["verdict"] for row in rows} == {"drift"}


def test_a_second_attempt_replaces_the_records_of_the_first(crown, warehouse, drifted_window, accounts_of, drift_table):
    crown(accounts_of(600, seed=1))
    first, second = analyse_drift(RUN, drifted_window), analyse_drift(RUN, drifted_window)
    assert first == second
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {drift_table}") == [{"n": 7}]  # noqa: S608


def test_the_share_that_means_drift_can_be_given_for_one_run(crown, warehouse, drifted_window, accounts_of):
    crown(accounts_of(600, seed=1))
    assert analyse_drift(RUN, drifted_window, drift_share_threshold=0.95)["verdict"] == "stable"


def test_a_deleted_reference_is_an_error_that_names_champion_and_snapshot(
    crown, warehouse, drifted_window, layout, accounts
):
    version = crown(accounts)
    for uri in list_objects(layout.snapshot("training-").rstrip("/")):
        bucket, key = split_uri(uri)
        s3_client().delete_object(Bucket=bucket, Key=key)
    with pytest.raises(
        ReferenceMissing, match=rf"version {version}: its training snapshot s3://.*/training-.* is gone"
    ):
        analyse_drift(RUN, drifted_window)


def test_mlflow_down_is_an_error_that_carries_its_address(warehouse, drifted_window, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(TrackingUnavailable, match="127.0.0.1:9"):
        analyse_drift(RUN, drifted_window)


def test_a_warehouse_without_the_drift_table_is_the_engines_own_error(
    crown, warehouse, drifted_window, accounts, drift_table
):
    crown(accounts)
    warehouse.execute(f"DROP TABLE {drift_table}")
    with pytest.raises(WarehouseError, match=f"{drift_table.removeprefix('public.')} does not exist"):
        analyse_drift(RUN, drifted_window)
