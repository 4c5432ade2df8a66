"""The report of collect_feedback in S3, in MLflow and where the desk reads it."""

from datetime import UTC, datetime

import mlflow
import pytest

from include.feedback.agreement_page import report_agreement
from include.lake.objects import read_json
from tests.s3_text import read_text

WHEN = datetime(2026, 2, 1, 2, 23, tzinfo=UTC)
COLLECTED = {
    "objects": 5,
    "collected": 4,
    "malformed": 1,
    "feedback_uri": "s3://b/k",
}


class Answers:
    """Gives each statement its rows; the statements themselves run in tests/include/warehouse/test_agreement.py."""

    def query(self, sql):
        if "unknown_leads" in sql:
            return [{"flags": 4, "unknown_leads": 1, "with_outcome": 2}]
        version = {"stage": "capture", "model_version": "3"}
        if "pairs" in sql:
            return [version | {"pairs": "2.0", "agreeing": "1.0"}]
        counts = {
            "flags": 4,
            "called_right": 1,
            "too_high": 3,
            "too_low": 0,
            "judged": 0,
            "borne_out": 0,
        }
        return [version | {"rep": "<b>asha</b>"} | counts]


@pytest.fixture
def found(tracking, layout, statements):
    return report_agreement(
        layout, statements, Answers(), "collect_feedback__r1", COLLECTED, WHEN
    )


def test_figures_lie_in_the_runs_folder_and_where_the_desk_looks(found, layout):
    kept = read_json(
        layout.report("feedback", "collect_feedback__r1") + "agreement.json"
    )
    assert kept == read_json(layout.agreement)
    assert kept["collected"] == {"objects": 5, "collected": 4, "malformed": 1}
    (model,) = kept["models"]
    assert (model["right"], model["too_high"], model["reps_agree"]) == (
        0.25,
        0.75,
        0.5,
    )


def test_the_page_shows_the_figures_and_names_no_rep(found):
    page = read_text(found["agreement_page_uri"])
    assert "25.0%" in page
    assert "4 of 5 new objects, 1 malformed" in page
    assert "asha" not in page


def test_a_repeated_task_logs_to_the_same_mlflow_run(
    found, layout, statements, tracking, contract
):
    report_agreement(
        layout, statements, Answers(), "collect_feedback__r1", COLLECTED, WHEN
    )
    runs = mlflow.search_runs(experiment_names=[contract.names.experiment])
    assert len(runs) == 1
    assert runs["metrics.feedback/capture-3/right"].item() == 0.25
    assert runs["metrics.feedback/unknown_leads"].item() == 1
