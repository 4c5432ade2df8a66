"""### Deploy the endpoint

Brings the champions of all stages onto the SageMaker endpoint, by hand or after a promotion (the asset `champions`, if
the setting `endpoint_on_promotion` says so): packs them, creates a model and an endpoint config with data capture under
a name that says what is in them, and creates the endpoint or changes it without downtime. `verify` asks it for a score.

When anything fails, `roll_back` puts the config that served before back, people are told, and `watcher` fails the run.

The champions of every outcome of the contract are packed. An endpoint with the same champions, contract and settings is
left alone: it keeps the counts of historical rates that were packed with them, until a deployment with `bring_counts`.

Re-run: safe. What exists by its name is taken.
"""  # noqa: D415 - a Markdown heading

from copy import deepcopy
from datetime import timedelta

from airflow.sdk import DAG, Param, chain

from lifecycle.contracts import asset, contracts
from lifecycle.defaults import dag_defaults
from lifecycle.endpoint import (
    bundle_champions,
    create_endpoint_config,
    create_model,
    deploy,
    in_service,
    plan_deployment,
    roll_back,
    verify,
)
from lifecycle.flow import watcher
from lifecycle.names import RUN

PARAMS = {
    "bring_counts": Param(
        False,
        type="boolean",
        description="Deploy too where only the counts of historical rates are newer than those on the endpoint.",
    ),
}

for contract in contracts():
    with DAG(
        schedule=[asset("champions", contract)],
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "deploy_endpoint",
            contract,
            tags=["serving"],
            dagrun_timeout=timedelta(hours=14),
        ),
    ) as dag:
        planned = plan_deployment(bundle_champions(RUN))
        deployment = [
            create_model(planned),
            create_endpoint_config(planned),
            deploy(planned),
            in_service("wait_until_deployed"),
            verify(planned),
        ]
        end = watcher()
        chain(*deployment, end)
        chain(
            deployment,
            roll_back(planned),
            in_service("wait_until_rolled_back"),
            end,
        )
        # Last: Airflow copies the parameters that it finds into every task.
        dag.params.update(deepcopy(PARAMS))
