"""Logged models of both stages in a fresh virtual environment that has their own requirements and nothing else."""

import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from include.contract import KnownAt
from include.decisions import Decisions
from include.features.calibration import Calibration, Decision
from include.registry.packaging import log_pipeline
from include.registry.tracking import connect
from include.settings import settings
from include.training.pipeline import build_pipeline, deployable
from tests.fixtures.environments import run_quietly

NATIVE = {"encode__levels": "native"}
MODELS = {
    "capture": (KnownAt.CAPTURE, "xgboost", {}),
    "contact": (KnownAt.CONTACT, "lightgbm", {}),
    "capture, native levels": (KnownAt.CAPTURE, "xgboost", NATIVE),
    "contact, native levels": (KnownAt.CONTACT, "lightgbm", NATIVE),
}
"""Name to stage, a family with a library of its own, and parameters."""

CASES = {
    "as in training": lambda rows: rows,
    "unknown categories": lambda rows: rows.assign(
        channel="never seen", fit="unheard of", opinion="lukewarm"
    ),
    "columns known later are absent": lambda rows: rows.drop(
        columns=["fit", "opinion"]
    ),
    "any column is absent": lambda rows: rows[["minutes"]],
    "columns nobody knows": lambda rows: rows.assign(shoe_size=43),
    "numbers as text": lambda rows: rows.assign(visits="12", minutes=" 31.5 "),
    "text that is no number": lambda rows: rows.assign(
        visits="1,532", minutes="many"
    ),
    "null tokens and empty text": lambda rows: rows.assign(
        visits="", minutes="n/a", channel="n/a", opinion=""
    ),
    "numbers where text belongs": lambda rows: rows.assign(
        channel=7, newsletter=1, fit=2.5
    ),
}
SCORE = """
import json, sys
import mlflow, pandas as pd
models, cases = json.loads(sys.argv[1]), json.loads(open(sys.argv[2]).read())
answer = {}
for stage, folder in models.items():
    own, generic = mlflow.sklearn.load_model(folder), mlflow.pyfunc.load_model(folder)
    for case, rows in cases.items():
        frame = pd.DataFrame(rows)
        answer[f"{stage}, {case}"] = {
            "own, DataFrame": own.predict_proba(frame)[:, 1].tolist(),
            "own, DataFrame of other dtypes": own.predict_proba(frame.convert_dtypes())[:, 1].tolist(),
            "generic, DataFrame": generic.predict(frame)[:, 1].tolist(),
            "generic, JSON": generic.predict(rows)[:, 1].tolist(),
        }
unwelcome = ("imblearn", "shap", "airflow", "pydantic_settings")
print(json.dumps([answer, [name for name in unwelcome if name in sys.modules]]))
"""


@pytest.fixture
def pipelines(contract, accounts):
    """Stage to a pipeline as a training deploys it."""
    decision, calibration = (
        Decision("f1", 0.4, (("A", 50), ("D", 0))),
        Calibration("beta", (0.9, 1.1), 0.1),
    )
    unfitted = {
        name: build_pipeline(Decisions(), contract, family, stage, params)
        for name, (stage, family, params) in MODELS.items()
    }
    return {
        stage: deployable(
            pipeline.fit(accounts, accounts[contract.label]),
            calibration,
            decision,
        )
        for stage, pipeline in unfitted.items()
    }


@pytest.fixture
def folders(contract, accounts, tracking, pipelines):
    """Stage to the folder of its logged model."""
    connect(settings().mlflow.tracking_uri)
    mlflow.set_experiment(contract.names.experiment)
    found = {}
    for stage, pipeline in pipelines.items():
        with mlflow.start_run():
            uri = log_pipeline(pipeline, accounts).model_uri
        found[stage] = Path(mlflow.artifacts.download_artifacts(uri))
    return found


@pytest.fixture
def clean_python(clean_environment, folders):
    """Interpreter of an environment with nothing but the models' requirements."""
    return clean_environment(
        *(folder / "requirements.txt" for folder in folders.values())
    )


def test_raw_rows_of_every_kind_are_scored_as_in_training(
    folders, pipelines, clean_python, accounts, tmp_path
):
    cases = {
        name: json.loads(change(accounts.head(5)).to_json(orient="records"))
        for name, change in CASES.items()
    }
    script, asked = tmp_path / "score.py", tmp_path / "cases.json"
    script.write_text(SCORE)
    asked.write_text(json.dumps(cases))
    models = json.dumps(
        {stage: str(folder) for stage, folder in folders.items()}
    )
    answer, uninvited = json.loads(
        run_quietly(
            str(clean_python), "-I", str(script), models, str(asked)
        ).splitlines()[-1]
    )
    for stage, pipeline in pipelines.items():
        for case, rows in cases.items():
            here = pipeline.predict_proba(pd.DataFrame(rows))[:, 1].tolist()
            assert answer[f"{stage}, {case}"] == dict.fromkeys(
                answer[f"{stage}, {case}"], here
            ), f"{stage}, {case}"
    assert uninvited == []
