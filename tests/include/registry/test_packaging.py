"""What a logged model says that it needs."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from xgboost import XGBClassifier

from include.features.calibration import CalibratedModel, Calibration, Decision
from include.features.smoothed_tree import SmoothedTree
from include.registry.errors import LibraryNotListedError
from include.registry.packaging import (
    LIBRARIES,
    REQUIREMENTS,
    pinned_requirements,
    stage_code,
    typical_rows,
)

SCHOOLS = ["a"] * 9 + ["b"] * 6 + ["mine alone"]
ROOT = Path(__file__).parents[3]
LOCKS = (
    "requirements.txt",
    "docker/api-requirements.txt",
    "docker/training-requirements.txt",
    "include/glue/requirements.txt",
)


class Unlisted(LogisticRegression):
    """A classifier of a library that nobody has listed."""


Unlisted.__module__ = "new_library.classifiers"


def pipeline_with(classifier):
    model = CalibratedModel(classifier, Calibration(), Decision("f1", 0.5, ()))
    return Pipeline([("clean", MinMaxScaler()), ("model", model)])


@pytest.mark.parametrize(
    ("classifier", "package"),
    [
        (LogisticRegression(), "scikit-learn"),
        (SmoothedTree(), "scikit-learn"),
        (XGBClassifier(), "xgboost-cpu"),
        (LGBMClassifier(), "lightgbm"),
    ],
)
def test_a_model_needs_the_package_of_its_library_at_the_version_that_trained_it(
    classifier, package
):
    requirements = pinned_requirements(pipeline_with(classifier))
    assert f"{package}=={version(package)}" in requirements
    assert {line.split("==")[0] for line in requirements} == {
        *REQUIREMENTS,
        package,
    }


def test_a_library_that_is_not_listed_is_an_error_that_says_where_to_list_it():
    with pytest.raises(
        LibraryNotListedError,
        match="'new_library', which is not listed.* to LIBRARIES in",
    ):
        pinned_requirements(pipeline_with(Unlisted()))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_listed_library_is_installed_wherever_a_model_is_loaded(lock):
    pins = {
        line.split("==")[0] for line in (ROOT / lock).read_text().splitlines()
    }
    assert set(LIBRARIES.values()) <= pins


def test_what_unpickling_imports_goes_along_and_nothing_else(tmp_path):
    code = stage_code(tmp_path)
    names = {path.stem for path in (code / "features").glob("[!_]*.py")}
    listing = (
        "print(*(name for name in sys.modules if name.startswith('include')))"
    )
    imports = ", ".join(f"include.features.{name}" for name in sorted(names))
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {imports}; {listing}"],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    modules = {
        path.relative_to(tmp_path).with_suffix("").as_posix().replace("/", ".")
        for path in code.rglob("*.py")
    }
    imported = {name.removesuffix(".__init__") for name in modules}
    assert imported == set(done.stdout.split())
    assert "include.features.calibration" in imported


def test_the_input_example_is_nobodys_row():
    leads = pd.DataFrame(
        {
            "school": SCHOOLS,
            "remark": [f"call me at {number}" for number in range(16)],
            "visits": range(16),
            "empty": [None] * 16,
        }
    )
    example = typical_rows(leads)
    assert example["school"].tolist() == ["a", "b", "a"]
    assert example["remark"].tolist() == [None] * 3
    assert example["visits"].tolist() == [3.75, 7.5, 11.25]
    assert example["empty"].tolist() == [None] * 3


def test_a_handful_of_leads_gives_no_example_of_any_of_them():
    leads = pd.DataFrame({"visits": [1.0, 2.0], "school": ["a", "b"]})
    cells = typical_rows(leads).to_numpy().ravel().tolist()
    assert cells == [None] * 6
