"""What a whole training costs: both default stages, five families, calibration, SHAP and plots, one after the other.

`python -m bench.training --leads Leads.csv --json`: every family and stage in a process of its own, as Airflow's mapped
tasks run them. compute_seconds and shap_seconds are CPU seconds summed over all of them, so they do not depend on what
else the machine does; on 2 cores the wall time is about half. peak_mb is the largest process. guide_seconds is the
guide's own grid (14.4) on the contact columns: the same five families, no SMOTE, no SHAP.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from bench._table import last_line, show
from bench._training import add_leads_argument, read_leads
from include.contract import KnownAt, decisions_of, load_contract
from include.decisions import Decisions
from include.evaluation.explain import explain, summary_plot
from include.evaluation.figures import full_report
from include.evaluation.pictures.plots import evaluation_plots
from include.evaluation.segment_fields import segments
from include.settings import settings
from include.training.challenger import NEWEST_SHARE
from include.training.choice import choose
from include.training.data.dataset import Dataset, make_dataset
from include.training.families import FAMILIES, SEED
from include.training.fit import fit_family, refit
from include.training.pipeline import build_pipeline
from include.training.recipe import from_dict, to_dict

STAGES = (KnownAt.CONTACT, KnownAt.CAPTURE)
GUIDE_GRIDS: dict[str, dict[str, list[Any]]] = {
    "logistic_regression": {"model__C": [0.1, 1.0, 10.0]},
    "decision_tree": {"model__max_depth": [5, 10, None]},
    "random_forest": {
        "model__n_estimators": [100, 200],
        "model__max_depth": [10, None],
    },
    "xgboost": {
        "model__n_estimators": [100, 200],
        "model__learning_rate": [0.1],
    },
    "lightgbm": {
        "model__n_estimators": [100, 200],
        "model__learning_rate": [0.1],
    },
}


def load(path: str, stage: KnownAt) -> Dataset:
    """The file as a training sees it."""
    contract = load_contract(settings().contract)
    return make_dataset(read_leads(Path(path), contract), contract, stage, {})


def evaluated(pipeline: Any, rows: pd.DataFrame, outcome: pd.Series) -> None:
    """Plots and full report of a pipeline, as every run logs them."""
    probability, threshold = (
        pipeline.predict_proba(rows)[:, 1],
        pipeline.named_steps["model"].decision.threshold,
    )
    with tempfile.TemporaryDirectory() as folder:
        evaluation_plots(outcome, probability, threshold, Path(folder))
    full_report(
        outcome,
        probability,
        threshold,
        segments(rows, load_contract(settings().contract), KnownAt.CONTACT),
    )


def explained(
    pipeline: Any, rows: pd.DataFrame, background: pd.DataFrame
) -> float:
    """Makes the SHAP summary of a pipeline; returns the CPU seconds."""
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        summary_plot(
            explain(pipeline, rows, background), rows, Path(folder) / "shap.png"
        )
    return time.process_time() - started


def family_job(path: str, family: str, stage: KnownAt) -> dict[str, Any]:
    """One mapped task of `train_models`, without MLflow."""
    data, started = load(path, stage), time.process_time()
    made = fit_family(
        _decisions(),
        load_contract(settings().contract),
        family,
        data,
        stage,
    )
    rows, outcome = data.part("validation")
    evaluated(made.pipeline, rows, outcome)
    shap = explained(made.pipeline, rows, data.part("train")[0])
    return _spent(started, shap) | {
        "metrics": made.metrics,
        **to_dict(made.recipe),
    }


def challenger_job(
    path: str, winner: dict[str, Any], stage: KnownAt
) -> dict[str, Any]:
    """Refit and judgement of the winner, on the holdout and on the newest fifth."""
    contract, data, recipe = (
        load_contract(settings().contract),
        load(path, stage),
        from_dict(winner),
    )
    started, newest, (rows, outcome) = (
        time.process_time(),
        data.newest(NEWEST_SHARE),
        data.part("holdout"),
    )
    pipeline = refit(
        _decisions(),
        contract,
        recipe,
        data,
        data.split != "holdout",
        stage,
    )
    evaluated(pipeline, rows, outcome)
    shap = explained(pipeline, rows, data.part("train", "validation")[0])
    before = refit(
        _decisions(),
        contract,
        recipe,
        data,
        ~newest & (data.split != "holdout"),
        stage,
    )
    evaluated(before, data.frame[newest], data.target[newest])
    return _spent(started, shap)


def guide_job(path: str) -> dict[str, Any]:
    """The guide's grid search."""
    contract, data = (
        load_contract(settings().contract),
        load(path, KnownAt.CONTACT),
    )
    rows, outcome = data.part("train")
    started = time.process_time()
    for family, grid in GUIDE_GRIDS.items():
        folds = StratifiedKFold(3, shuffle=True, random_state=SEED)
        GridSearchCV(
            build_pipeline(
                _decisions(),
                contract,
                family,
                KnownAt.CONTACT,
            ),
            grid,
            scoring="f1",
            cv=folds,
        ).fit(rows, outcome)
    return _spent(started, 0.0)


def _spent(started: float, shap: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": time.process_time() - started,
        "shap_seconds": shap,
        "peak_mb": peak,
    }


def alone(job: Any, *arguments: Any) -> dict[str, Any]:
    """Runs a job in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result: dict[str, Any] = pool.apply(job, arguments)
    return result


def _decisions() -> Decisions:
    """What is decided about the default contract's leads."""
    now = settings()
    return decisions_of(now, load_contract(now.contract))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_leads_argument(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    arguments = parser.parse_args()
    path, jobs = str(arguments.leads), []
    read_leads(arguments.leads, load_contract(settings().contract))
    for stage in STAGES:
        fits = [alone(family_job, path, family, stage) for family in FAMILIES]
        winner = choose(fits, _decisions().primary_metric).winner
        jobs += [(f"{stage} {one['family']}", one) for one in fits]
        jobs.append(
            (f"{stage} challenger", alone(challenger_job, path, winner, stage))
        )
    guide = alone(guide_job, path)
    rows = [
        [name, one["seconds"], one["shap_seconds"], one["peak_mb"]]
        for name, one in jobs
    ]
    show(
        "CPU seconds of every task",
        ("task", "seconds", "of which SHAP", "peak MB"),
        rows,
    )
    result = {
        "compute_seconds": round(sum(row[1] for row in rows), 1),
        "shap_seconds": round(sum(row[2] for row in rows), 1),
        "peak_mb": round(max(row[3] for row in rows)),
        "guide_seconds": round(guide["seconds"], 1),
    }
    last_line(result, arguments.json)


if __name__ == "__main__":
    main()
