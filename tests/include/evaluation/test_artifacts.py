"""What a run keeps, where something of it cannot be made."""

from pathlib import Path

import pandas as pd

from include.evaluation import artifacts
from include.evaluation.artifacts import log_explanation


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
