"""A task's result for every event, as the tasks return them."""

from datetime import UTC, datetime
from types import SimpleNamespace

MOMENT = datetime(2026, 2, 3, 4, 29, tzinfo=UTC)
AIRFLOW = "http://airflow.example"
REPORTS = "http://s3.example/leads/reports"
MLFLOW = "http://mlflow.example/#/experiments/1/runs"

ANALYSIS = {
    "verdict": "drift",
    "triggers": ["data"],
    "confirmed": True,
    "confirmation": "2 of the newest 3 analyses drifted, 2 of 3 needed",
    "drifted_share": 0.4583,
    "drifted_columns": ["channel", "visits", "city", "lead_profile"],
    "compared_columns": 24,
    "outage_columns": [],
    "outages": {},
    "champion_version": "1",
    "column_labels": {"channel": "Channel", "visits": "Total visits"},
    "reference_rows": 1600,
    "current_rows": 3237,
    "mlflow_run_url": f"{MLFLOW}/a1",
    "drift_page_url": f"{REPORTS}/drift/r1/summary.html",
    "report_url": f"{REPORTS}/drift/r1/drift.html",
}
OUTAGE = ANALYSIS | {
    "verdict": "outage",
    "triggers": [],
    "confirmed": False,
    "confirmation": "",
    "outage_columns": ["channel", "asymmetrique_score"],
    "outages": {
        "channel": "missing in 62% of rows, 3% in the reference",
        "asymmetrique_score": "no value in 3853 rows, it varied in the reference",
    },
}
FIGURES = {
    "challenger": {"roc_auc": 0.9861, "brier": 0.0391},
    "champion": {"roc_auc": 0.9850, "brier": 0.0380},
}
PROMOTED = {
    "verdict": "promote",
    "rule": "refresh",
    "why_rule": "the run was started by confirmed drift",
    "model": "lead-conversion",
    "version": "2",
    "champion_version": "1",
    "stage": "contact",
    "reasons": ["gain in roc_auc, 95 % lower bound: 0.0002 > -0.0050"],
    "metrics": FIGURES,
    "gate_page_url": f"{REPORTS}/gate/r1/contact.html",
    "report_url": f"{REPORTS}/gate/r1/contact.json",
    "model_card_url": f"{REPORTS}/models/lead-conversion/2.html",
    "mlflow_run_url": f"{MLFLOW}/b2",
}
KEPT = PROMOTED | {
    "verdict": "keep",
    "model": "lead-conversion-capture",
    "stage": "capture",
    "reasons": [
        "gain in roc_auc, 95 % lower bound: -0.0210 is not > -0.0050",
        "accuracy: 0.6800 is not ≥ 0.7000",
    ],
    "gate_page_url": f"{REPORTS}/gate/r1/capture.html",
    "report_url": f"{REPORTS}/gate/r1/capture.json",
    "model_card_url": f"{REPORTS}/models/lead-conversion-capture/2.html",
    "mlflow_run_url": f"{MLFLOW}/b3",
}
RESULTS = {
    "drift_detected": ANALYSIS,
    "data_outage": OUTAGE,
    "retraining_started": {
        "labelled_rows": 9240,
        "positives": 3561,
        "stages": ["contact", "capture"],
        "because": "the drift analysis calls for a new model (data)",
        "mlflow_run_url": f"{MLFLOW}/c1",
    },
    "model_registered": {
        "model": "lead-conversion",
        "version": "2",
        "stage": "contact",
        "family": "xgboost",
        "metrics": {"roc_auc": 0.9861, "f1": 0.94, "brier": 0.0391},
        "model_card_url": f"{REPORTS}/models/lead-conversion/2.html",
        "mlflow_run_url": f"{MLFLOW}/b2",
    },
    "approval_asked": [PROMOTED, KEPT],
    "rollback_asked": None,
    "model_deployed": [PROMOTED, KEPT],
    "champion_kept": [KEPT],
    "alias_refused": [
        {
            "stage": "contact",
            "model": "lead-conversion",
            "version": "2",
            "alias_version": "4",
            "why": "moved",
        }
    ],
    "endpoint_deployed": {
        "endpoint": "lead-conversion",
        "config": "lead-conversion-contact-2-0a1b",
        "versions": "contact-2-capture-1",
    },
    "endpoint_rolled_back": {
        "endpoint": "lead-conversion",
        "config": "lead-conversion-contact-1-9f8e",
        "failed_config": "lead-conversion-contact-2-0a1b",
        "failed_versions": "contact-2-capture-1",
    },
    "sources_incomplete": {
        "loaded_rows": 20_345,
        "source_problems": [
            {
                "source": "mail",
                "problem": "refused",
                "reason": "missing columns kind in mail.csv (line 1 was read as header: 'ann@example.com')",
            },
            {
                "source": "ads",
                "problem": "missing",
                "reason": "it has no row below marketing/ads/",
            },
            {
                "source": "mail",
                "problem": "late",
                "reason": "its newest file was written on 2026-02-01 04:00 UTC, 48.5 hours before this load; a file is "
                "expected every 26.0 hours",
            },
        ],
    },
    "task_failed": None,
}
TASKS = {
    "drift_detected": ("data_drift_redshift_retrain", "decide"),
    "data_outage": ("data_drift_redshift_retrain", "data_outage"),
    "retraining_started": (
        "data_drift_redshift_retrain",
        "retrain.start_training",
    ),
    "model_registered": (
        "data_drift_redshift_retrain",
        "retrain.register_challenger",
    ),
    "approval_asked": ("promote_model", "ask_approval"),
    "rollback_asked": ("promote_model", "ask_rollback"),
    "model_deployed": ("data_drift_redshift_retrain", "promote"),
    "champion_kept": ("promote_model", "keep_champion"),
    "alias_refused": ("monitor_drift", "check_aliases"),
    "endpoint_deployed": ("deploy_endpoint", "verify"),
    "endpoint_rolled_back": ("deploy_endpoint", "roll_back"),
    "sources_incomplete": ("ingest_leads", "quality_gate"),
    "task_failed": ("ingest_leads", "quality_gate"),
}


def context(
    event="drift_detected", result=None, exception=None, task=None, **ti
):
    """The context of a task's callback, whose source task returned `result`."""
    dag_id, task_id = TASKS[event]
    pulls = []

    def xcom_pull(**wanted):
        pulls.append(wanted)
        return result

    path = f"/dags/{dag_id}/runs/manual__1/tasks/{task_id}"
    instance = {
        "dag_id": dag_id,
        "run_id": "manual__1",
        "task_id": task_id,
        "map_index": -1,
        "try_number": 3,
        "start_date": MOMENT,
        "end_date": MOMENT,
        "log_url": f"{AIRFLOW}{path}?try_number=3",
        "xcom_pull": xcom_pull,
        "pulls": pulls,
    }
    if event == "task_failed" and exception is None:
        exception = ValueError("a message that may hold a secret")
    return {
        "ti": SimpleNamespace(**instance | ti),
        "dag_run": SimpleNamespace(run_after=MOMENT),
        "task": task or SimpleNamespace(),
        "exception": exception,
    }
