"""A logged model in a fresh virtual environment that has its own requirements and nothing else."""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import mlflow
import pytest

from include.contract import KnownAt
from include.registry.tracking import connect
from include.training.dataset import make_dataset
from include.training.fit import fit_family
from include.training.packaging import log_pipeline

SCORE = """
import json, sys
import mlflow, pandas as pd
model, rows = sys.argv[1:]
frame = pd.DataFrame(json.loads(rows))
print(json.dumps({
    "own": mlflow.sklearn.load_model(model).predict_proba(frame)[:, 1].tolist(),
    "generic": mlflow.pyfunc.load_model(model).predict(frame)[:, 1].tolist(),
    "uninvited": [name for name in ("imblearn", "shap", "airflow", "pydantic_settings") if name in sys.modules],
}))
"""


@pytest.fixture
def logged(contract, accounts, tracking):
    """A logged pipeline of the family with the most libraries, its folder and itself."""
    connect()
    mlflow.set_experiment(contract.names.experiment)
    made = fit_family("xgboost", make_dataset(accounts, contract, KnownAt.CAPTURE, {}), contract, KnownAt.CAPTURE)
    with mlflow.start_run():
        info = log_pipeline(made.pipeline, accounts)
    return Path(mlflow.artifacts.download_artifacts(info.model_uri)), made.pipeline


@pytest.fixture
def clean_python(logged, tmp_path):
    """Interpreter of an environment with nothing but the model's requirements."""
    folder, home = logged[0], tmp_path / "venv"
    python = home / "bin" / "python"
    requirements = ["-r", str(folder / "requirements.txt")]
    if shutil.which("uv"):
        run("uv", "venv", "--quiet", "--python", sys.executable, str(home))
        run("uv", "pip", "install", "--quiet", "--python", str(python), *requirements)
    else:
        venv.create(home, with_pip=True)
        run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
    return python


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
    return done.stdout


def test_it_scores_raw_rows_with_strangers_gaps_and_text_as_in_training(logged, clean_python, accounts, tmp_path):
    folder, pipeline = logged
    rows = accounts.drop(columns=["visits", "fit", "opinion"]).head(5).assign(channel="never seen", minutes="31.5")
    script = tmp_path / "score.py"
    script.write_text(SCORE)
    answer = json.loads(
        run(str(clean_python), "-I", str(script), str(folder), rows.to_json(orient="records")).splitlines()[-1]
    )
    here = pipeline.predict_proba(rows)[:, 1].tolist()
    assert answer == {"own": here, "generic": here, "uninvited": []}
