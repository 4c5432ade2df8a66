"""The same leads give the same models in every process, whatever its hash seed and its number of threads."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from include.contract import KnownAt, load_contract
from include.decisions import Decisions
from include.features.calibration import Decision
from include.training.data.dataset import make_dataset
from include.training.families import FAMILIES
from include.training.fit import refit
from include.training.recipe import Recipe

ROWS = 500
TRAIN = """
import hashlib, json, sys
import pandas as pd
from include.contract import KnownAt, load_contract
from include.decisions import Decisions
from include.training.data.dataset import make_dataset
from include.training.fit import fit_family
contract, stage, answer = load_contract("x_education"), KnownAt.CAPTURE, {}
data = make_dataset(pd.read_parquet(sys.argv[1]), contract, stage, {})
for family in sys.argv[2:]:
    made = fit_family(Decisions(), contract, family, data, stage)
    answer[family] = {
        "metrics": made.metrics,
        "search": made.search.table.to_csv(),
        "out of fold": hashlib.sha256(made.search.out_of_fold.tobytes()).hexdigest(),
        "probabilities": hashlib.sha256(made.pipeline.predict_proba(data.frame).tobytes()).hexdigest(),
    }
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def answers(leads, tmp_path_factory):
    """What two processes found on the same leads, SMOTE tried by every family: (family → figures and hashes) twice."""
    path = tmp_path_factory.mktemp("leads") / "leads.parquet"
    leads.sample(ROWS, random_state=0).to_parquet(path)
    command = [sys.executable, "-c", TRAIN, str(path), *FAMILIES]
    processes = [
        subprocess.Popen(
            command,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "OMP_NUM_THREADS": threads,
                "LEADS_CONTRACT": "x_education",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed, threads in (("1", "1"), ("2", "2"))
    ]
    ended = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    return [json.loads(output.splitlines()[-1]) for output, _ in ended]


@pytest.mark.parametrize("family", FAMILIES)
def test_metrics_and_probabilities_are_the_same_bit_for_bit_in_another_process(
    answers, family
):
    first, second = answers
    assert first[family] == second[family]


def test_the_families_differ_so_equal_hashes_mean_something(answers):
    assert len(
        {figures["probabilities"] for figures in answers[0].values()}
    ) == len(FAMILIES)


def test_the_leads_that_smote_makes_up_do_not_depend_on_the_number_of_threads(
    leads,
):
    # From 256 rows of the rarer outcome on, scikit-learn looks for neighbours on as many threads as it may.
    contract, stage = load_contract("x_education"), KnownAt.CONTACT
    data = make_dataset(
        leads.sample(4 * ROWS, random_state=0), contract, stage, {}
    )
    recipe = Recipe(
        "decision_tree",
        {"resample__method": "smote"},
        "sigmoid",
        Decision("f1", 0.5, ()),
    )
    made = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            made.append(
                refit(
                    Decisions(),
                    contract,
                    recipe,
                    data,
                    data.split != "holdout",
                    stage,
                ).predict_proba(data.frame)
            )
    np.testing.assert_array_equal(*made)
