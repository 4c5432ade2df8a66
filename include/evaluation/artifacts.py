"""Logs what a run keeps besides its figures: plots, reports, preprocessor, dropped columns, SHAP summary."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import joblib
import mlflow
import pandas as pd
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt
from include.evaluation.explain import explain, summary_plot
from include.evaluation.figures import full_report
from include.evaluation.pictures.plots import evaluation_plots
from include.evaluation.scores import Floats
from include.evaluation.segment_fields import segments
from include.evaluation.segments import segment_table
from include.features.parts import inner_parts
from include.features.preprocess import dropped_columns
from include.pages.optional import optional

log = logging.getLogger(__name__)


def month_table(
    rows: pd.DataFrame,
    outcome: pd.Series,
    probability: Floats,
    threshold: float,
    contract: Contract,
) -> list[dict[str, Any]]:
    """Return the figures of `segment_table` for each month of the clock, oldest first; none where it has no dates."""
    if not contract.column(contract.clock).temporal:
        return []
    moments = pd.to_datetime(rows[contract.clock], errors="coerce")
    months = pd.DataFrame({"month": moments.dt.strftime("%Y-%m")})
    table = segment_table(outcome, probability, threshold, months)
    return sorted(table, key=lambda row: str(row["level"]))


def log_evaluation(
    pipeline: Pipeline,
    rows: pd.DataFrame,
    outcome: pd.Series,
    contract: Contract,
    stage: KnownAt,
    folder: str,
) -> dict[str, Any]:
    """Log plots and the full report of a deployable pipeline on one set of leads below `folder` of the active run.

    Returns:
        The report's `metrics`.
    """
    probability = pipeline.predict_proba(rows)[:, 1]
    threshold = pipeline.named_steps["model"].decision.threshold
    report = full_report(
        outcome, probability, threshold, segments(rows, contract, stage)
    )
    report["months"] = month_table(
        rows, outcome, probability, threshold, contract
    )
    with tempfile.TemporaryDirectory() as target:
        evaluation_plots(outcome, probability, threshold, Path(target))
        mlflow.log_artifacts(target, folder)
    mlflow.log_dict(report, f"{folder}/evaluation.json")
    return dict(report["metrics"])


def log_features(
    pipeline: Pipeline, contract: Contract, stage: KnownAt
) -> None:
    """Log preprocessor.joblib (guide 13.3), the columns that were dropped and why, and the unmapped levels."""
    preprocess, _ = inner_parts(pipeline)
    dropped = dropped_columns(contract, stage, pipeline)
    with tempfile.TemporaryDirectory() as target:
        joblib.dump(preprocess, Path(target) / "preprocessor.joblib")
        dropped.to_csv(Path(target) / "dropped_columns.csv", index=False)
        mlflow.log_artifacts(target, "features")
    unmapped = pipeline.named_steps["group"].unmapped_
    mlflow.log_dict(unmapped, "features/unmapped_levels.json")
    counts = {field: sum(levels.values()) for field, levels in unmapped.items()}
    log.info("Levels that no group names: %s", counts)


def log_explanation(
    pipeline: Pipeline, rows: pd.DataFrame, background: pd.DataFrame
) -> None:
    """Log the SHAP summary plot (guide 15) and the mean |SHAP value| per business field.

    Both only show the model: what of them cannot be made is logged and left out.
    """
    with tempfile.TemporaryDirectory() as target:
        with optional("explanation of the model"):
            explanation = explain(pipeline, rows, background)
            importance = explanation.importance.rename("mean_abs_shap")
            importance.to_csv(
                Path(target) / "importance.csv", index_label="field"
            )
            summary_plot(explanation, rows, Path(target) / "summary.png")
        mlflow.log_artifacts(target, "shap")


def log_table(
    client: mlflow.MlflowClient, run_id: str, table: pd.DataFrame, name: str
) -> None:
    """Log a table as `<name>.csv` and `<name>.html`."""
    csv = table.to_csv(index=False)
    html = table.to_html(index=False, float_format="{:.4f}".format)
    client.log_text(run_id, csv, f"{name}.csv")
    client.log_text(run_id, html, f"{name}.html")
