"""What every DAG shares: owner, start date, alerts, and retries by kind of work (MWAA.md)."""

from datetime import UTC, datetime, timedelta

from lead_ops.contracts import dag_id_of
from lead_ops.notifications import Notifier
from lifecycle.macros import MACROS

START_DATE = datetime(2026, 1, 1, tzinfo=UTC)

API_CALL = {
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "execution_timeout": timedelta(minutes=15),
}
CHEAP_COMPUTE = {
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "execution_timeout": timedelta(minutes=30),
}
COSTLY_COMPUTE = {
    "retries": 1,
    "retry_delay": timedelta(minutes=2),
    "execution_timeout": timedelta(hours=2),
}
QUALITY_GATE = {
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "execution_timeout": timedelta(minutes=10),
}
DECISION = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "execution_timeout": timedelta(minutes=5),
}
SENSOR = {"retries": 0}


def dag_defaults(name, contract, *, tags, dagrun_timeout):
    """Return the keyword arguments of `DAG` that are made alike in every file.

    Args:
        name: what the DAG is called for the default contract.
        contract: name of the contract that the DAG works for, "" for the default one.
        tags: what the DAG list can be filtered by, besides the project's own tag and the contract.
        dagrun_timeout: longest run, retries and their waits included.
    """
    tag_of_contract = [contract] if contract else []
    return {
        "dag_id": dag_id_of(contract, name),
        "start_date": START_DATE,
        "max_active_runs": 1,
        "dagrun_timeout": dagrun_timeout,
        "tags": ["lead-conversion", *tags, *tag_of_contract],
        "user_defined_macros": MACROS,
        "default_args": {
            "owner": "mlops",
            # A multiplier since Airflow 3.2: True would count as 1, the same wait every time.
            "retry_exponential_backoff": 2,
            "max_retry_delay": timedelta(minutes=30),
            "on_failure_callback": [Notifier("task_failed")],
            **DECISION,
        },
    }
