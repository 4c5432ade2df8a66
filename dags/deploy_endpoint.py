"""### Deploy the endpoint

Brings the champions of all stages onto the SageMaker endpoint, by hand or after a promotion (the asset `champions`, if
the setting `endpoint_on_promotion` says so): packs them, creates a model and an endpoint config with data capture under
a name that says what is in them, and creates the endpoint or changes it without downtime. `verify` asks it for a score.

When anything fails, `roll_back` puts the config that served before back, people are told, and `watcher` fails the run.

Re-run: safe. What exists by its name is taken; an endpoint that serves just this is left alone.
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.sdk import DAG, chain

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
    ):
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
