from datetime import UTC, datetime, timedelta
from importlib import import_module

import numpy as np
import pytest
import requests
from mlflow import MlflowClient

from include.contract import load_contract
from include.lake.frames import read_parquet, write_parquet
from include.lake.objects import (
    list_objects,
    read_json,
    s3_client,
    split_uri,
    write_json,
)
from include.monitoring.analysis import analyse_drift
from include.monitoring.errors import (
    ChampionUnreadableError,
    ReferenceMissingError,
)
from include.registry.errors import TrackingUnavailableError
from include.registry.registry import champion
from include.registry.tracking import connect
from include.reporting.drift_page import write_drift_page
from include.settings import settings
from include.training.data.snapshot import content_hash
from include.warehouse.client import Warehouse
from include.warehouse.errors import WarehouseError
from include.warehouse.templates import Statements
from lifecycle.drift import next_step
from tests.s3_text import read_text

RUN = "manual__2026-01-01T00:00:00+00:00"


def analyse(run_id, window_uri, *arguments, **options):
    """Analyses a window with the settings and the contract of the moment."""
    current = settings()
    contract = load_contract(current.contract)
    statements = Statements(current, contract)
    summary = analyse_drift(
        current,
        contract,
        statements,
        Warehouse(current),
        run_id,
        window_uri,
        *arguments,
        **options,
    )
    return summary.model_dump(mode="json")


def changed(frame):
    every_third = frame.index % 3 == 0
    return frame.assign(
        minutes=frame["minutes"] * 2,
        visits=frame["visits"] + 9,
        channel=frame["channel"].mask(every_third, "new"),
    )


def serving_version():
    return champion(
        connect(settings().mlflow.tracking_uri),
        load_contract(settings().contract).model_name(),
    ).version


@pytest.fixture
def drifted_window(window, accounts_of):
    return window(changed(accounts_of(500, seed=2)))


def test_without_a_champion_there_is_nothing_to_compare_with(
    tracking, warehouse, window, accounts
):
    summary = analyse(RUN, window(accounts))
    assert (
        summary["verdict"],
        summary["current_rows"],
        summary["report_uri"],
    ) == ("no_champion", 600, None)


def test_a_small_window_is_not_judged(crown, warehouse, window, accounts):
    crown(accounts)
    summary = analyse(RUN, window(accounts.head(199)))
    assert (summary["verdict"], summary["current_rows"]) == (
        "not_enough_data",
        199,
    )


def test_an_empty_window_is_not_judged(crown, warehouse, layout, accounts):
    crown(accounts)
    assert (
        analyse(RUN, layout.window("nothing-unloaded"))["verdict"]
        == "not_enough_data"
    )


def test_the_same_population_is_stable(crown, warehouse, window, accounts_of):
    crown(accounts_of(600, seed=1))
    summary = analyse(RUN, window(accounts_of(500, seed=2)))
    assert summary["verdict"] == "stable"
    assert (summary["reference_rows"], summary["current_rows"]) == (600, 500)


def test_an_outage_names_its_columns(crown, warehouse, window, accounts_of):
    crown(accounts_of(600, seed=1))
    summary = analyse(RUN, window(accounts_of(500, seed=2).assign(fit=None)))
    assert (summary["verdict"], summary["outage_columns"]) == (
        "outage",
        ["fit"],
    )


def test_drift_is_recorded_in_reports_mlflow_and_warehouse(
    crown, warehouse, drifted_window, accounts_of, drift_table
):
    version = crown(accounts_of(600, seed=1))
    summary = analyse(RUN, drifted_window)
    assert summary["verdict"] == "drift"
    assert set(summary["drifted_columns"]) == {"minutes", "visits", "channel"}

    folder = summary["report_uri"].rsplit("/", 1)[0] + "/"
    assert [uri.removeprefix(folder) for uri in list_objects(folder)] == [
        "drift.html",
        "drift.json",
        "summary.json",
    ]
    assert "<html" in read_text(summary["report_uri"])
    assert read_json(folder + "summary.json")["champion_version"] == version

    client = MlflowClient(settings().mlflow.tracking_uri)
    run = client.get_run(summary["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["drift_share"] == pytest.approx(
        summary["drifted_share"], abs=1e-4
    )
    assert run.data.metrics["drifted.minutes"] == 1
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {
        "drift.html",
        "drift.json",
        "summary.json",
    }

    rows = warehouse.query(
        f"SELECT column_name, drifted, verdict FROM {drift_table}"
    )  # noqa: S608
    assert len(rows) == 7
    assert {row["column_name"] for row in rows if row["drifted"]} == set(
        summary["drifted_columns"]
    )
    assert {row["verdict"] for row in rows} == {"drift"}


def test_a_second_attempt_replaces_the_records_of_the_first(
    crown, warehouse, drifted_window, accounts_of, drift_table
):
    crown(accounts_of(600, seed=1))
    first, second = analyse(RUN, drifted_window), analyse(RUN, drifted_window)
    assert first == second
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {drift_table}") == [
        {"n": 7}
    ]  # noqa: S608


def test_the_share_that_means_drift_can_be_given_for_one_run(
    crown, warehouse, drifted_window, accounts_of
):
    crown(accounts_of(600, seed=1))
    assert (
        analyse(RUN, drifted_window, drift_share_threshold=0.95)["verdict"]
        == "stable"
    )


def test_nothing_analysed_has_the_same_keys_as_a_verdict(
    crown, warehouse, window, layout, accounts_of
):
    crown(accounts_of(600, seed=1))
    empty = analyse(RUN, layout.window("nothing-unloaded"))
    assert set(analyse(RUN, window(accounts_of(500, seed=2)))) == set(empty)


def test_a_champion_whose_scores_have_moved_is_a_drift_though_few_columns_are(
    crown, warehouse, window, accounts_of, drift_table
):
    crown(accounts_of(1500, seed=9))
    summary = analyse(
        RUN,
        window(
            accounts_of(500, seed=2).assign(
                minutes=lambda frame: frame["minutes"] + 90
            )
        ),
    )
    assert (summary["verdict"], summary["triggers"], summary["confirmed"]) == (
        "drift",
        ["prediction"],
        True,
    )
    assert summary["drifted_columns"] == ["minutes"]
    client = MlflowClient(settings().mlflow.tracking_uri)
    metrics = client.get_run(summary["mlflow_run_id"]).data.metrics
    assert metrics["prediction/score"] == pytest.approx(
        summary["prediction_score"], abs=1e-4
    )
    (row,) = warehouse.query(
        f"SELECT drifted, triggers FROM {drift_table} WHERE column_name = '(prediction)'"
    )
    assert row == {"drifted": True, "triggers": "prediction"}


@pytest.mark.slow
def test_levels_that_are_only_written_differently_start_no_retrain(
    crown, warehouse, window, accounts_of
):
    crown(accounts_of(1500, seed=9))
    current = accounts_of(500, seed=4)
    levels = ("channel", "region", "newsletter", "fit", "opinion")
    written = current.assign(
        **{field: current[field].str.upper().fillna("n/a") for field in levels}
    )
    plain = analyse("plain", window(current))
    summary = analyse(RUN, window(written))
    assert plain["verdict"] == summary["verdict"] == "stable"
    assert summary["triggers"] == []
    assert summary["prediction_score"] == plain["prediction_score"]
    assert summary["spelling_rows"] == dict.fromkeys(levels, 500)
    assert plain["spelling_rows"] == {}
    assert set(summary["column_labels"]) == set(levels)
    page = read_text(write_drift_page(settings(), summary["report_uri"]))
    assert "an empty cell" in page


def test_a_champion_that_predicts_worse_is_a_drift_though_no_column_is(
    crown, warehouse, window, accounts_of
):
    crown(accounts_of(1500, seed=9))
    frame = accounts_of(500, seed=4)
    matured = window(
        frame.assign(won=np.random.default_rng(0).permutation(frame["won"]))
    )
    summary = analyse(RUN, window(frame), matured_uri=matured)
    assert (summary["verdict"], summary["triggers"]) == (
        "drift",
        ["performance"],
    )
    assert summary["performance_loss"]["roc_auc"] > 0.3
    details = read_json(
        summary["report_uri"].replace("drift.html", "summary.json")
    )
    assert [figure["name"] for figure in details["performance"]] == [
        "roc_auc",
        "brier",
        "precision",
    ]
    client = MlflowClient(settings().mlflow.tracking_uri)
    assert (
        client.get_run(summary["mlflow_run_id"]).data.metrics[
            "performance/roc_auc_loss"
        ]
        > 0.3
    )


def test_an_outage_keeps_a_champion_that_predicts_worse_from_starting_a_retrain(
    crown, warehouse, window, accounts_of
):
    crown(accounts_of(1500, seed=9))
    frame = accounts_of(500, seed=4)
    matured = window(
        frame.assign(won=np.random.default_rng(0).permutation(frame["won"]))
    )
    summary = analyse(RUN, window(frame.assign(fit=None)), matured_uri=matured)
    assert (summary["verdict"], summary["triggers"], summary["confirmed"]) == (
        "outage",
        [],
        False,
    )


def test_no_leads_where_hundreds_were_expected_are_an_outage(
    crown, warehouse, layout, accounts, drift_table
):
    crown(accounts)
    summary = analyse(
        RUN, layout.window("nothing-unloaded"), expected_rows=500.0
    )
    assert (
        summary["verdict"],
        summary["outage_columns"],
        summary["current_rows"],
    ) == ("outage", ["(rows)"], 0)
    assert read_json(summary["report_uri"])["outages"] == {
        "(rows)": "0 leads arrived where 500 were to be expected"
    }
    assert warehouse.query(
        f"SELECT column_name, verdict FROM {drift_table}"
    ) == [{"column_name": "(rows)", "verdict": "outage"}]


def test_no_leads_where_few_were_expected_say_nothing(
    crown, warehouse, layout, accounts
):
    crown(accounts)
    assert (
        analyse(RUN, layout.window("nothing"), expected_rows=150.0)["verdict"]
        == "not_enough_data"
    )


def test_a_large_window_can_still_be_a_fraction_of_what_was_expected(
    crown, warehouse, drifted_window, accounts_of
):
    crown(accounts_of(600, seed=1))
    summary = analyse(RUN, drifted_window, expected_rows=9000.0)
    assert (summary["verdict"], summary["outage_columns"]) == (
        "outage",
        ["(rows)"],
    )
    assert set(summary["drifted_columns"]) == {"minutes", "visits", "channel"}


def test_a_drift_is_confirmed_by_the_second_of_two_analyses(
    crown, warehouse, drifted_window, accounts_of, set_up
):
    set_up(drift_debounce_k=2, drift_debounce_n=2)
    crown(accounts_of(600, seed=1))
    monday = datetime(2026, 2, 2, 4, 29, tzinfo=UTC)

    def of_week(week):
        moment = monday + timedelta(weeks=week)
        return analyse(
            f"master__{week}",
            drifted_window,
            checked_at=moment,
            series="master__",
        )

    first, second = of_week(0), of_week(1)
    assert [
        (found["verdict"], found["confirmed"]) for found in (first, second)
    ] == [("drift", False), ("drift", True)]
    assert (
        first["confirmation"]
        == "1 of the newest 1 analyses drifted, 2 of 2 needed"
    )
    assert of_week(1) == second


@pytest.mark.parametrize(
    ("unusable", "problem"),
    [
        ("broken", "cannot be loaded"),
        ("undecided", "carries no decision with a threshold"),
    ],
)
def test_a_champion_that_cannot_be_used_is_an_error_that_names_it_and_changes_nothing(
    crown, warehouse, window, accounts_of, drift_table, unusable, problem
):
    version = crown(accounts_of(1500, seed=9), **{unusable: True})
    with pytest.raises(ChampionUnreadableError, match=rf"/{version} {problem}"):
        analyse(RUN, window(accounts_of(500, seed=2)))
    assert serving_version() == version
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {drift_table}") == [
        {"n": 0}
    ]


@pytest.mark.slow
def test_the_threshold_is_the_champions_own_whatever_the_tag_of_its_version_says(
    crown, warehouse, window, accounts_of
):
    frame = accounts_of(500, seed=4)
    matured = window(frame)
    version = crown(accounts_of(1500, seed=9))
    before = analyse("before", window(frame), matured_uri=matured)[
        "performance_loss"
    ]
    client = MlflowClient(settings().mlflow.tracking_uri)
    client.set_model_version_tag(
        load_contract(settings().contract).model_name(),
        version,
        "threshold",
        "0.99",
    )
    assert (
        analyse("after", window(frame), matured_uri=matured)["performance_loss"]
        == before
    )


def columns_of(summary):
    """The columns of an analysis by its summary.json."""
    details = read_json(
        summary["report_uri"].rsplit("/", 1)[0] + "/summary.json"
    )
    return {column["column"] for column in details["columns"]}


def test_a_column_added_to_the_contract_is_named_and_starts_a_retrain(
    crown, warehouse, window, accounts_of
):
    version = crown(accounts_of(1500, seed=9).drop(columns="minutes"))
    summary = analyse(RUN, window(accounts_of(500, seed=4)))
    assert (
        summary["verdict"],
        summary["triggers"][0],
        summary["confirmed"],
    ) == ("drift", "contract", True)
    assert (summary["columns_added"], summary["columns_removed"]) == (
        ["minutes"],
        [],
    )
    assert summary["confirmation"] == "contract changed, columns added: minutes"
    assert {"visits", "channel"} <= columns_of(summary)
    assert "minutes" not in columns_of(summary)
    assert next_step(summary, {"force_retrain": False}) == "retrain"
    assert serving_version() == version
    page = read_text(write_drift_page(settings(), summary["report_uri"]))
    assert "<th>Columns added to the contract</th><td>minutes;" in page


def test_a_column_removed_from_the_contract_is_named_and_starts_a_retrain(
    crown, warehouse, window, accounts_of
):
    crown(accounts_of(1500, seed=9).assign(budget=7.0))
    frame = accounts_of(500, seed=4)
    summary = analyse(RUN, window(frame), matured_uri=window(frame))
    assert (summary["triggers"], summary["columns_removed"]) == (
        ["contract"],
        ["budget"],
    )
    assert (
        summary["confirmation"] == "contract changed, columns removed: budget"
    )
    assert summary["performance_loss"]
    assert next_step(summary, {"force_retrain": False}) == "retrain"


def test_a_changed_contract_is_seen_before_there_are_enough_leads_to_compare(
    crown, warehouse, window, accounts_of, drift_table
):
    crown(accounts_of(600, seed=1).drop(columns="minutes"))
    summary = analyse(RUN, window(accounts_of(20, seed=2)))
    assert (summary["verdict"], summary["triggers"]) == ("drift", ["contract"])
    assert warehouse.query(f"SELECT column_name FROM {drift_table}") == [
        {"column_name": "(contract)"}
    ]


def test_an_outage_keeps_a_changed_contract_from_starting_a_retrain_but_not_a_person(
    crown, warehouse, window, accounts_of
):
    crown(accounts_of(600, seed=1).drop(columns="minutes"))
    summary = analyse(RUN, window(accounts_of(500, seed=2).assign(fit=None)))
    assert (summary["verdict"], summary["columns_added"]) == (
        "outage",
        ["minutes"],
    )
    assert next_step(summary, {"force_retrain": False}) == "data_outage"
    assert next_step(summary, {"force_retrain": True}) == "retrain"


@pytest.mark.parametrize(
    "role",
    [
        "account",
        pytest.param("won", marks=pytest.mark.slow),
        pytest.param("number", marks=pytest.mark.slow),
    ],
)
def test_a_key_label_or_clock_that_the_reference_does_not_know_keeps_the_champion_from_being_asked(
    crown, warehouse, window, accounts_of, contract, role
):
    reference = accounts_of(600, seed=1)
    crown(reference)
    uri = champion(
        connect(settings().mlflow.tracking_uri), contract.model_name()
    ).tags["snapshot_uri"]
    write_parquet(
        reference.rename(columns={role: "formerly"}), f"{uri}part.parquet"
    )
    manifest = read_json(f"{uri}manifest.json")
    manifest["sha256"] = content_hash(read_parquet(uri))
    write_json(f"{uri}manifest.json", manifest)
    summary = analyse(RUN, window(accounts_of(500, seed=2)))
    assert (summary["triggers"], summary["columns_added"]) == (
        ["contract"],
        [role],
    )
    details = read_json(
        summary["report_uri"].rsplit("/", 1)[0] + "/summary.json"
    )
    assert (
        f"the reference has no column {role}"
        in details["not_judged"]["prediction"]
    )


def test_a_column_that_only_the_window_lacks_is_an_outage(
    crown, warehouse, window, accounts_of
):
    crown(accounts_of(600, seed=1))
    summary = analyse(
        RUN, window(accounts_of(500, seed=2).drop(columns="minutes"))
    )
    assert (summary["verdict"], summary["outage_columns"]) == (
        "outage",
        ["minutes"],
    )


def test_a_deleted_reference_is_an_error_that_names_champion_and_snapshot(
    crown, warehouse, drifted_window, layout, accounts
):
    version = crown(accounts)
    for uri in list_objects(layout.snapshot("training-").rstrip("/")):
        bucket, key = split_uri(uri)
        s3_client().delete_object(Bucket=bucket, Key=key)
    with pytest.raises(
        ReferenceMissingError,
        match=rf"version {version}: its training snapshot s3://.*/training-.* is gone",
    ):
        analyse(RUN, drifted_window)
    assert serving_version() == version


def test_mlflow_down_is_an_error_that_carries_its_address(
    warehouse, drifted_window, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(TrackingUnavailableError, match="127.0.0.1:9"):
        analyse(RUN, drifted_window)


def test_a_warehouse_without_the_drift_table_is_the_engines_own_error(
    crown, warehouse, drifted_window, accounts, drift_table
):
    crown(accounts)
    warehouse.execute(f"DROP TABLE {drift_table}")
    with pytest.raises(
        WarehouseError,
        match=f'relation "{drift_table.removeprefix("public.")}" does not exist',
    ):
        analyse(RUN, drifted_window)


class Outbox:
    """Every request to MLflow on its way; from the call `down_at` on nobody answers."""

    def __init__(self, monkeypatch):
        self.calls, self.down_at = [], None
        send = requests.Session.send

        def limited(session, request, **options):
            address = request.path_url.split("?")[0].partition(
                "mlflow-artifacts"
            )
            self.calls.append((request.method, address[0] + address[1]))
            if self.down_at is not None and len(self.calls) > self.down_at:
                raise requests.exceptions.ConnectionError("nobody answers")
            return send(session, request, **options)

        monkeypatch.setattr(requests.Session, "send", limited)

    def of_each_kind(self):
        """Positions of the first and the last call of each method and address."""
        last = {call: position for position, call in enumerate(self.calls)}
        return sorted(
            {*last.values(), *(self.calls.index(call) for call in last)}
        )


@pytest.fixture
def same_comparison(monkeypatch):
    """The comparison of columns takes seconds and is the same every time, so it is made once."""
    for name in ("analysis.compare_leads", "model_drift.prediction_drift"):
        module, function = name.split(".")
        compare, made = (
            getattr(import_module(f"include.monitoring.{module}"), function),
            [],
        )

        def once(*args, compare=compare, made=made):
            made[:] = made or [compare(*args)]
            return made[0]

        monkeypatch.setattr(f"include.monitoring.{name}", once)
    monkeypatch.setattr(
        "include.monitoring.columns.drift.DriftReport.html",
        lambda report: "<html></html>",
    )


@pytest.mark.usefixtures("same_comparison")
def test_mlflow_going_away_at_any_call_is_the_same_error_and_the_champion_stays(
    crown, warehouse, window, accounts_of, monkeypatch
):
    version, folder = (
        crown(accounts_of(1500, seed=9)),
        window(accounts_of(200, seed=4)),
    )
    analyse("the first run makes the experiment", folder)
    with monkeypatch.context() as patch:
        outbox = Outbox(patch)
        analyse("recorded", folder)
        positions = outbox.of_each_kind()
        assert len(positions) >= 12
        for position in positions:
            outbox.calls, outbox.down_at = [], position
            with pytest.raises(TrackingUnavailableError):
                analyse(f"down at {position}", folder)
    assert serving_version() == version
    assert analyse(RUN, folder)["verdict"] == "stable"
