"""Every rule of MWAA.md that can be read off the DAGs and their source, over all DAGs alike."""

import ast
import inspect
import math
import re
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk import BaseSensorOperator, TriggerRule
from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS

DAGS = Path(__file__).resolve().parents[2] / "dags"
SOURCES = sorted(
    path
    for path in DAGS.rglob("*.py")
    if "include" not in path.relative_to(DAGS).parts
)
EXPECTED = {
    "bootstrap_platform",
    "ingest_leads",
    "train_models",
    "promote_model",
    "monitor_drift",
    "score_leads",
    "deploy_endpoint",
    "collect_feedback",
    "data_drift_redshift_retrain",
}
WITHOUT_DAG = {"contracts"}
CHEAP_MODULES = (
    "contextlib",
    "gc",
    "airflow",
    "lifecycle",
    "lead_ops",
    "datetime",
    "itertools",
    "logging",
    "re",
    "typing",
    "copy",
    "os",
)
NAMES_ALONE = "include.contract.in_force"
"""The one module of include/ that is imported at parse: it lists files, and loads neither pydantic nor PyYAML."""


def name_of(path):
    return str(path.relative_to(DAGS))


def failing(tasks, rule):
    return [
        f"{task.dag.dag_id}.{task.task_id}" for task in tasks if not rule(task)
    ]


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def test_no_dag_file_has_an_import_error(dag_bag):
    assert dag_bag.import_errors == {}


def test_the_lifecycle_has_its_dags_one_per_file_of_the_same_name(
    dags, dag_files
):
    assert set(dags) >= EXPECTED
    stems = {path.stem for path in dag_files}
    assert sorted(dags) == sorted(stems - WITHOUT_DAG)
    assert {dag_id: Path(dag.fileloc).stem for dag_id, dag in dags.items()} == {
        dag_id: dag_id for dag_id in dags
    }


def test_the_dag_processor_does_not_look_into_the_shared_folders(dag_bag):
    assert {"lifecycle/", "include/"} <= set(
        (DAGS / ".airflowignore").read_text().splitlines()
    )
    assert not [
        stat.file for stat in dag_bag.dagbag_stats if "lifecycle" in stat.file
    ]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_dag_file_is_short(path):
    assert len(path.read_text().splitlines()) <= 150


def test_every_dag_is_documented_tagged_and_owned(dags):
    for dag in dags.values():
        assert dag.doc_md, dag.dag_id
        assert dag.doc_md.startswith("###"), dag.dag_id
        assert len(dag.tags) >= 2, dag.dag_id
        assert {task.owner for task in dag.tasks} == {"mlops"}, dag.dag_id


def test_every_dag_starts_at_a_fixed_utc_moment_and_catches_nothing_up(dags):
    for dag in dags.values():
        assert dag.start_date.utcoffset() == timedelta(0), dag.dag_id
        assert dag.catchup is False, dag.dag_id
        assert dag.max_active_runs == 1, dag.dag_id


def test_catchup_is_written_out_in_every_dag_file(dag_files):
    assert [
        path.name
        for path in dag_files
        if path.stem not in WITHOUT_DAG
        and "catchup=False" not in path.read_text()
    ] == []


def crons(dags):
    return {
        dag_id: dag.schedule
        for dag_id, dag in dags.items()
        if isinstance(dag.schedule, str)
    }


def test_schedules_are_off_peak_crons(dags):
    assert crons(dags)
    for dag_id, cron in crons(dags).items():
        minute, hour = cron.split()[:2]
        assert re.fullmatch(r"\d+", minute), dag_id
        assert re.fullmatch(r"\d+", hour), dag_id
        assert 1 <= int(minute) <= 59, dag_id
        assert 1 <= int(hour) <= 6, dag_id


def test_no_two_dags_start_together(dags):
    starts = [tuple(cron.split()[:2]) for cron in crons(dags).values()]
    assert len(starts) == len(set(starts))


def test_every_param_of_a_trigger_form_is_described(dags):
    undescribed = [
        f"{dag.dag_id}.{name}"
        for dag in dags.values()
        for name in dag.params
        if not dag.params.get_param(name).description
    ]
    assert undescribed == []


def test_the_defaults_of_every_trigger_form_are_valid(dags):
    for dag in dags.values():
        dag.params.validate()  # does not raise


def test_every_task_has_an_execution_timeout(tasks):
    assert failing(tasks, lambda task: task.execution_timeout) == []


def test_retries_back_off_exponentially_up_to_half_an_hour(tasks):
    # Since Airflow 3.2 the value is a multiplier, and 1 (or True) means the same wait every time.
    assert failing(tasks, lambda task: task.retry_exponential_backoff > 1) == []
    assert (
        failing(
            tasks, lambda task: task.max_retry_delay == timedelta(minutes=30)
        )
        == []
    )


def test_retries_follow_the_kind_of_work(tasks):
    limits = {
        "LeadFilesSensor": 0,
        "GlueJobOperator": 1,
        "RedshiftDataOperator": 3,
        "SageMakerTrainingOperator": 1,
    }
    for task in tasks:
        if task.task_type in limits:
            assert task.retries == limits[task.task_type], task.task_id
        assert task.retries <= 3, task.task_id


def test_a_failed_task_is_reported_unless_it_only_repeats_another_failure(
    tasks,
):
    silent = {task.task_id for task in tasks if not task.on_failure_callback}
    assert silent == {"watcher"}


def test_sensors_free_the_worker_and_are_not_retried(tasks):
    sensors = [task for task in tasks if isinstance(task, BaseSensorOperator)]
    assert sensors
    assert (
        failing(
            sensors, lambda task: task.mode == "reschedule" or task.deferrable
        )
        == []
    )
    assert failing(sensors, lambda task: task.retries == 0) == []
    assert (
        failing(
            sensors,
            lambda task: (
                task.timeout <= task.dag.dagrun_timeout.total_seconds()
            ),
        )
        == []
    )


def test_every_operator_that_waits_without_deferral_names_the_upstream_issue(
    tasks,
):
    arguments = {
        task: getattr(task, "partial_kwargs", None) or vars(task)
        for task in tasks
    }
    waiting = [
        task for task in tasks if arguments[task].get("deferrable") is False
    ]
    kinds = {
        task.task_type
        for task in waiting
        if not isinstance(task, BaseSensorOperator)
    }
    jobs = {
        "GlueJobOperator",
        "GlueCrawlerOperator",
        "SageMakerTrainingOperator",
    }
    assert kinds == {*jobs, "RedshiftDataOperator", "SageMakerEndpointOperator"}
    for source in SOURCES:
        calls = [
            node
            for node in ast.walk(tree(source))
            if isinstance(node, ast.keyword) and node.arg == "deferrable"
        ]
        lines = source.read_text().splitlines()
        for call in calls:
            beside = "\n".join(lines[call.value.lineno - 3 : call.value.lineno])
            assert "apache/airflow#" in beside, (
                f"{source.name}:{call.value.lineno}"
            )


def longest(task):
    """Seconds that a task may take: every try, the longest wait before each retry, and for a person's answer."""
    tries = max(
        task.execution_timeout.total_seconds(), getattr(task, "timeout", 0)
    ) * (task.retries + 1)
    delays = (
        task.retry_delay.total_seconds() * 2 * 2**attempt
        for attempt in range(task.retries)
    )
    answer = getattr(task, "response_timeout", None) or timedelta()
    return (
        tries
        + sum(
            min(delay, task.max_retry_delay.total_seconds()) for delay in delays
        )
        + answer.total_seconds()
    )


def test_a_run_may_last_as_long_as_its_slowest_path(dags):
    for dag in dags.values():
        total = {}

        def path(task, dag=dag, total=total):
            if task.task_id not in total:
                upstream = (
                    path(dag.get_task(task_id))
                    for task_id in task.upstream_task_ids
                )
                total[task.task_id] = longest(task) + max(upstream, default=0)
            return total[task.task_id]

        needed = timedelta(seconds=max(path(task) for task in dag.tasks))
        assert dag.dagrun_timeout >= needed, (
            f"{dag.dag_id} needs {math.ceil(needed.total_seconds() / 3600)} h"
        )


def test_every_dag_that_branches_ends_in_a_watcher(dags):
    for dag in dags.values():
        if any(task.task_type == "BranchPythonOperator" for task in dag.tasks):
            leaves = [
                task for task in dag.tasks if not task.downstream_task_ids
            ]
            assert [task.task_id for task in leaves] == ["watcher"], dag.dag_id
            assert leaves[0].trigger_rule == TriggerRule.ONE_FAILED, dag.dag_id


def module_level_imports(path):
    for node in tree(path).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_airflow_and_cheap_modules_are_imported_at_parse(path):
    heavy = [
        name
        for name in module_level_imports(path)
        if name.split(".")[0] not in CHEAP_MODULES and name != NAMES_ALONE
    ]
    assert heavy == []


def functions_with_task_decorator(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            decorators = {
                ast.unparse(decorator).split("(")[0]
                for decorator in node.decorator_list
            }
            if decorators & {"task", "task_group", "dag"}:
                yield node


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_task_has_a_docstring(path):
    assert [
        node.name
        for node in functions_with_task_decorator(path)
        if not ast.get_docstring(node)
    ] == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_asks_for_a_connection_or_noise_or_waits_in_a_loop(path):
    arguments = {
        node.arg
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword)
    }
    assert not arguments & {"aws_conn_id", "verbose", "secret_arn"}
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
    }
    assert not {
        call
        for call in calls
        if call.endswith(("sleep", "now", "utcnow", "today"))
    }


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted(DAGS.glob("*.py"))
        if path.stem not in WITHOUT_DAG
    ],
    ids=name_of,
)
def test_a_dag_file_loops_over_contracts_alone_and_shows_its_wiring_as_chains(
    path,
):
    nodes = list(ast.walk(tree(path)))
    (loop,) = [
        node
        for node in nodes
        if isinstance(node, ast.For | ast.While | ast.ListComp)
    ]
    assert ast.unparse(loop.iter) == "contracts()"
    (dag,) = loop.body
    assert isinstance(dag, ast.With)
    assert [
        node
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "chain"
    ]


def test_no_tasks_argument_shadows_the_context(tasks):
    # Airflow refuses such a call only when the task runs; arguments with a default are filled from the context.
    required = {
        f"{task.dag.dag_id}.{task.task_id}": [
            argument.name
            for argument in inspect.signature(
                task.python_callable
            ).parameters.values()
            if argument.default is argument.empty
        ]
        for task in tasks
        if hasattr(task, "python_callable")
    }
    assert required
    assert {
        task_id: names
        for task_id, names in required.items()
        if set(names) & KNOWN_CONTEXT_KEYS - {"params"}
    } == {}
