"""Ports of the local stack."""

import pytest
from pydantic import ValidationError

from demo.ports import Ports


def test_defaults_are_the_documented_ports(monkeypatch):
    for name in Ports.model_fields:
        monkeypatch.delenv(f"LEADS_{name.upper()}", raising=False)
    ports = Ports()
    assert (ports.aws_port, ports.mlflow_port, ports.airflow_port, ports.api_port, ports.inbox_port) == (
        4566, 5000, 8080, 8090, 8025,
    )  # fmt: skip


def test_a_variable_moves_port_and_address(monkeypatch):
    monkeypatch.setenv("LEADS_AIRFLOW_PORT", "18080")
    assert Ports().airflow == "http://localhost:18080"


def test_a_value_that_is_no_port_is_an_error_that_names_the_field(monkeypatch):
    monkeypatch.setenv("LEADS_AWS_PORT", "seventy")
    with pytest.raises(ValidationError, match="aws_port"):
        Ports()
