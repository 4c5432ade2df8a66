"""Tasks that bring the champions onto a SageMaker endpoint, look whether they serve, and take a failed change back."""

from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerEndpointOperator,
)
from airflow.providers.amazon.aws.sensors.sagemaker import (
    SageMakerEndpointSensor,
)
from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowSkipException

from lead_ops.notifications import Notifier
from lifecycle.defaults import API_CALL, CHEAP_COMPUTE, SENSOR
from lifecycle.endpoint_operators import (
    SageMakerEndpointConfigOperator,
    SageMakerModelOperator,
)

POKE_SECONDS = 30
LONGEST_START = 45 * 60
"""Seconds; SageMaker starts new instances beside the old ones, which takes some minutes."""


@task(**CHEAP_COMPUTE)
def bundle_champions(run, dag_run=None):
    """Pack the champions for the endpoint; skipped where there are none.

    It is skipped after a promotion too, unless the setting `endpoint_on_promotion` is true: an endpoint costs money.
    """
    from include.endpoint.bundle import bundle
    from include.registry.errors import NoChampionError
    from lifecycle.names import Names

    names = Names()
    if (
        str(dag_run.run_type) == "asset_triggered"
        and not names.settings.endpoint.on_promotion
    ):
        raise AirflowSkipException(
            "A promotion deploys nothing; set LEADS_ENDPOINT_ON_PROMOTION=true if it should."
        )
    try:
        return bundle(
            names.settings, names.contract, names.layout.endpoint_model(run)
        )
    except NoChampionError as error:
        raise AirflowSkipException(str(error)) from error


@task(multiple_outputs=True, **API_CALL)
def plan_deployment(packed, params=None):
    """Return a request for each operator, and the config that serves; skipped where the endpoint serves this already.

    Newer counts of rates alone deploy nothing, unless the trigger form asks for them with `bring_counts`.
    """
    from include.endpoint import deployment
    from lifecycle.names import Names

    names = Names()
    planned = deployment.requests(names.settings, names.layout, packed)
    endpoint = deployment.present(names.settings)
    if deployment.is_deployed(endpoint, planned, params["bring_counts"]):
        raise AirflowSkipException(
            f"The endpoint serves {endpoint['config']} already."
        )
    previous = endpoint["config"] if endpoint else None
    return planned | {
        "versions": packed["versions"],
        "outcomes": packed.get("outcomes", {}),
        "previous": previous,
    }


def create_model(planned):
    """Create a model of SageMaker from the champions and the API's image."""
    return SageMakerModelOperator(
        task_id="create_model", config=planned["model"], **API_CALL
    )


def create_endpoint_config(planned):
    """Create the config of instances and data capture for that model."""
    return SageMakerEndpointConfigOperator(
        task_id="create_endpoint_config", config=planned["config"], **API_CALL
    )


def deploy(planned):
    """Tell SageMaker to create the endpoint, or to change it: then the old instances serve until the new ones do."""
    return SageMakerEndpointOperator(
        task_id="deploy",
        config=planned["endpoint"],
        operation="create",  # the operator updates an endpoint that exists
        wait_for_completion=False,
        # It does not wait at all, the sensor after it does; a deferred wait would meet apache/airflow#66374.
        deferrable=False,
        **API_CALL,
    )


def in_service(task_id):
    """Wait until SageMaker is done with a change of the endpoint, and fails if the endpoint has."""
    return SageMakerEndpointSensor(
        task_id=task_id,
        endpoint_name="{{ names.settings.endpoint.name }}",
        mode="reschedule",
        poke_interval=POKE_SECONDS,
        timeout=LONGEST_START,
        execution_timeout=API_CALL["execution_timeout"],
        **SENSOR,
    )


@task(**API_CALL, on_success_callback=[Notifier("endpoint_deployed")])
def verify(planned):
    """Ask the endpoint for a score: the new config must serve it, with the champions that were packed."""
    from include.endpoint import deployment
    from lifecycle.names import Names

    names = Names()
    return deployment.verify(
        names.settings,
        names.contract,
        planned["name"],
        planned["versions"],
        planned["outcomes"],
    )


@task(
    **API_CALL,
    trigger_rule=TriggerRule.ONE_FAILED,
    on_success_callback=[Notifier("endpoint_rolled_back")],
)
def roll_back(planned):
    """Bring the config that served before back after any failure; skipped where it serves already."""
    from include.endpoint import deployment
    from lifecycle.names import Names

    restored = None
    if planned:
        restored = deployment.roll_back(Names().settings, planned["previous"])
    if restored is None:
        raise AirflowSkipException(
            "There is nothing to go back from: the endpoint is as it was before."
        )
    return restored | {
        "failed_config": planned["name"],
        "failed_versions": planned["versions"],
    }
