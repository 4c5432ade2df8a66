"""Show links on task pages: to the pages about a task's result, and to its MLflow run.

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
"""Key of a task's result to the name of its link. Alerts show the same keys and some more (alerts/content.py)."""
STAGES = ("contact", "engagement", "capture")
"""Scoring stages: a result that lists one dictionary per stage has a link for each."""
WEB_ADDRESS = ("http://", "https://")


class ResultLink(BaseOperatorLink):
    """Link to the address that the task's result holds under `key`; a task without one does not show the link.

    Args:
        key: of PAGES.
        stage: stage of the entry to read from a list; None for a result that is one dictionary.
    """

    name = ""

    def __init__(self, key, stage=None):
        self.key = key
        self.stage = stage
        self.name = PAGES[key]
        if stage:
            self.name = f"{PAGES[key]}, {stage}"

    def get_link(self, operator, *, ti_key):
        """Return the address, or "" if there is none. The API server calls this; it may read its own database."""
        result = read_result(ti_key)
        return address(result, self.key, self.stage)


def read_result(ti_key):
    """Return what a task instance returned, or None if it returned nothing yet."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    query = XComModel.get_many(
        key=RESULT,
        run_id=ti_key.run_id,
        dag_ids=ti_key.dag_id,
        task_ids=ti_key.task_id,
        map_indexes=ti_key.map_index,
    )
    with create_session() as session:
        value = session.scalar(query.with_only_columns(XComModel.value))
    # The database holds JSON as text or as what it means, by its kind.
    if isinstance(value, str):
        return json.loads(value)
    return value


def address(result, key, stage=None):
    """Return the web address under `key`, or "" if the result has none.

    Args:
        result: of a task.
        key: of PAGES.
        stage: None to look into a dictionary, else into the entry of that stage in a list of dictionaries.
    """
    entry = _entry(result, stage)
    if entry is None:
        return ""
    value = entry.get(key)
    if isinstance(value, str) and value.startswith(WEB_ADDRESS):
        return value
    return ""


def _entry(result, stage):
    """Return the dictionary that a link reads: the result itself, or its entry of a stage; None if there is none."""
    if stage is None:
        return result if isinstance(result, dict) else None
    if not isinstance(result, list):
        return None
    for entry in result:
        if isinstance(entry, dict) and entry.get("stage") == stage:
            return entry
    return None


PAGE_LINKS = [ResultLink(key) for key in PAGES]
GATE_LINKS = [ResultLink("gate_page_url", stage) for stage in STAGES]
CARD_LINKS = [ResultLink("model_card_url", stage) for stage in STAGES]
LINKS = [*PAGE_LINKS, *GATE_LINKS, *CARD_LINKS]
