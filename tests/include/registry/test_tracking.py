"""The way to MLflow, and what is said when there is none."""

import socket
import time

import mlflow
import pytest

from include.registry.errors import TrackingUnavailableError
from include.registry.registry import champion, promote, rollback
from include.registry.tracking import (
    connect,
    require_server,
    run_url,
    tracking_errors,
)
from include.settings import settings


@pytest.fixture
def nobody():
    """An address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(address)
    yield address
    mlflow.set_tracking_uri(before)


def test_a_client_talks_to_the_settings_server(tracking, contract):
    assert (
        connect(settings().mlflow.tracking_uri).search_registered_models()
        is not None
    )
    assert mlflow.get_tracking_uri() == tracking


@pytest.mark.parametrize(
    "call",
    [
        connect,
        require_server,
        lambda address: champion(mlflow.MlflowClient(address), "m"),
        lambda address: promote(mlflow.MlflowClient(address), "m", "1"),
        lambda address: rollback(mlflow.MlflowClient(address), "m"),
    ],
    ids=["connect", "require_server", "champion", "promote", "rollback"],
)
def test_an_unreachable_server_is_named_with_its_address_within_seconds(
    nobody, call
):
    started = time.monotonic()
    with pytest.raises(TrackingUnavailableError, match=nobody) as caught:
        call(nobody)
    assert caught.value.address == nobody
    assert time.monotonic() - started < 10


def test_a_connection_lost_in_the_middle_is_the_same_error(
    tracking, nobody, monkeypatch
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with (
        pytest.raises(TrackingUnavailableError, match=nobody),
        tracking_errors(),
    ):
        mlflow.MlflowClient(nobody).get_run("abc")


def test_an_answer_that_is_an_error_is_passed_on_as_it_is(tracking):
    with (
        pytest.raises(mlflow.MlflowException, match="not found") as caught,
        tracking_errors(),
    ):
        connect(settings().mlflow.tracking_uri).get_run("0" * 32)
    assert not isinstance(caught.value, TrackingUnavailableError)


def test_a_runs_page_is_where_a_browser_finds_mlflow(
    tracking, contract, monkeypatch
):
    client = connect(settings().mlflow.tracking_uri)
    run_id = client.create_run(client.create_experiment("browser")).info.run_id
    assert run_url(settings(), client, run_id).startswith(
        f"{tracking}/#/experiments/"
    )
    monkeypatch.setenv("LEADS_WEB_MLFLOW", "http://localhost:15000/")
    settings.cache_clear()
    assert run_url(settings(), client, run_id).startswith(
        "http://localhost:15000/#/experiments/"
    )
