"""The task group of a training: from the snapshot to the challengers of all chosen stages."""

from typing import NamedTuple

from airflow.sdk import TaskGroup, XComArg, chain

from lifecycle.names import RUN
from lifecycle.training import (
    register_challenger,
    registered_challengers,
    start_training,
    train_family,
)
from lifecycle.training_backend import (
    family_results,
    plan_sagemaker_jobs,
    train_on_sagemaker,
)
from lifecycle.training_form import FAMILIES
from lifecycle.training_plan import (
    chosen_stages,
    plan_training,
)
from lifecycle.training_snapshot import (
    EACH_SNAPSHOT_SQL,
    SNAPSHOT_SQL,
    VOTES_SQL,
    eda_report,
    write_manifest,
)
from lifecycle.warehouse import statements


class Training(NamedTuple):
    """The task group and what it hands on.

    Attributes:
        group: all tasks of the training.
        registration: one mapped task per outcome and stage; it fails for one whose models are all refused.
        challengers: of the others.
    """

    group: TaskGroup
    registration: XComArg
    challengers: XComArg


def train_challengers(group_id):
    """Wire snapshot → EDA report → one task per outcome, family and stage, here or on SageMaker → challengers."""
    with TaskGroup(group_id) as group:
        snapshot_uri = write_manifest(RUN, SNAPSHOT_SQL)
        chain(
            statements("unload_snapshot", VOTES_SQL, EACH_SNAPSHOT_SQL),
            snapshot_uri,
        )
        parent_run_id = start_training(snapshot_uri, RUN)
        chain(eda_report(snapshot_uri, RUN), parent_run_id)
        shared = {"snapshot_uri": snapshot_uri, "parent_run_id": parent_run_id}
        trained = train_family.partial(**shared).expand(job=plan_training())
        jobs = train_on_sagemaker(
            plan_sagemaker_jobs(RUN, families=FAMILIES, **shared)
        )
        results = family_results(trained, jobs.output)
        registration = register_challenger.partial(
            results=results, **shared
        ).expand(model=chosen_stages())
        challengers = registered_challengers(registration)
    return Training(group, registration, challengers)
