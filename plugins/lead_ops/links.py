"""Links on task pages: to the pages about what the task has found, and to its MLflow run.

A task puts addresses into its result (lifecycle/reports.py), Airflow keeps the result as XCom, and the API server reads
it here. So the links work for every kind of task, mapped ones too, and the API server needs nothing of include/.
"""

import json

from airflow.sdk import BaseOperatorLink

RESULT = "return_value"
PAGES = {
    "drift_page_url": "Drift page",
    "gate_page_url": "Gate page",
    "model_card_url": "Model card",
    "mlflow_run_url": "MLflow run",
}
"""Key of a task's result to the name of its link. Alerts carry the same keys (notifications.py)."""
STAGES = ("contact", "engagement", "capture")
"""Scoring stages: a result that lists one dictionary per stage has a link for each."""


class ResultLink(BaseOperatorLink):
    """A link whose address the task's result holds under `key`; tasks without one do not show it.

    Args:
        key: of PAGES.
        stage: the entry of a list that is meant; None for a result that is one dictionary.
    """

    name = ""

    def __init__(self, key, stage=None):
        self.key = key
        self.stage = stage
        self.name = f"{PAGES[key]}, {stage}" if stage else PAGES[key]

    def get_link(self, operator, *, ti_key):
        """The address, "" where there is none. Called by the API server, which may read its own database."""
        return address(read_result(ti_key), self.key, self.stage)


def read_result(ti_key):
    """What a task instance returned, None where it has not."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.scalar(
            XComModel.get_many(
                key=RESULT,
                run_id=ti_key.run_id,
                dag_ids=ti_key.dag_id,
                task_ids=ti_key.task_id,
                map_indexes=ti_key.map_index,
            ).with_only_columns(XComModel.value)
        )
    return json.loads(found) if isinstance(found, str) else found


def address(result, key, stage=None):
    """The web address under `key`, "" where the result has none.

    Args:
        result: of a task.
        key: of PAGES.
        stage: None to look into a dictionary, else into the entry of that stage in a list of dictionaries.
    """
    entries = result if isinstance(result, list) else [result]
    if isinstance(result, list) != bool(stage):
        return ""
    for entry in entries:
        if isinstance(entry, dict) and stage in (None, entry.get("stage")):
            found = entry.get(key)
            return found if isinstance(found, str) and found.startswith(("http://", "https://")) else ""
    return ""


LINKS = [
    *(ResultLink(key) for key in PAGES),
    *(ResultLink(key, stage) for key in ("gate_page_url", "model_card_url") for stage in STAGES),
]
