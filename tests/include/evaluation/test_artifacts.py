"""What a run keeps, where something of it cannot be made."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from include.contract import load_contract, parse_contract
from include.evaluation import artifacts
from include.evaluation.artifacts import log_explanation, month_table


def test_a_model_that_cannot_be_explained_is_trained_all_the_same(
    monkeypatch, caplog
):
    logged = []

    def fail(*_):
        raise ValueError("additivity check failed")

    def log_artifacts(folder, name):
        logged.append((name, sorted(Path(folder).iterdir())))

    monkeypatch.setattr(artifacts, "explain", fail)
    monkeypatch.setattr(artifacts.mlflow, "log_artifacts", log_artifacts)
    log_explanation(None, pd.DataFrame(), pd.DataFrame())
    assert logged == [("shap", [])]
    assert "explanation of the model" in caplog.text
    assert "additivity check failed" in caplog.text


DATED = """
format: 2
contract: dated
key: id
clock: called_on
outcomes: [{name: converted, column: y}]
decisions: {protected: [age]}
columns:
  - {name: id, type: string}
  - {name: called_on, type: date}
  - {name: age, type: integer}
  - {name: channel, type: category, known_at: capture}
"""


def test_a_clock_of_dates_gives_figures_by_month():
    contract = parse_contract(yaml.safe_load(DATED), "a test")
    days = [date(2026, 2 - number % 2, 3) for number in range(80)]
    outcome = pd.Series([number % 4 // 2 for number in range(80)])
    table = month_table(
        pd.DataFrame({"called_on": days}),
        outcome,
        np.full(80, 0.5),
        0.5,
        contract,
    )
    assert [row["level"] for row in table] == ["2026-01", "2026-02"]
    assert [row["rows"] for row in table] == [40, 40]
    assert table[0]["rate"] == 0.5


def test_a_clock_of_numbers_has_no_months():
    contract = load_contract("x_education")
    assert month_table(pd.DataFrame(), pd.Series(), [], 0.5, contract) == []
