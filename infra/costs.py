"""Compute the monthly cost of an environment from its parameters and public list prices: `python -m infra.costs`."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from include.contract import load_contract
from infra.environments import (
    HERE,
    Environment,
    environment_names,
    load_environment,
    template,
)

log = logging.getLogger(__name__)

GLUE_HOURS_A_RUN = 0.1
GLUE_DPU = 2
CRAWL_DPU_HOURS = 2 * 10 / 60  # Glue bills a crawl for ten minutes at least


@dataclass(frozen=True)
class Line:
    """One line of the bill: quantity times price."""

    item: str
    quantity: float
    formula: str

    def cost(self, prices: dict[str, Any]) -> float:
        """Return US dollars a month. Raises KeyError for an item without a price."""
        return self.quantity * float(prices[self.item][0])


def price_list() -> dict[str, Any]:
    """Read the prices, where they are from, and the assumed use of each environment."""
    text = (HERE / "prices.yaml").read_text(encoding="utf-8")
    prices: dict[str, Any] = yaml.safe_load(text)
    return prices


def bill(
    environment: Environment, use: dict[str, float], hours: float
) -> list[Line]:
    """Return every line of an environment's month.

    Args:
        environment: what it owns, by its parameters.
        use: how much it works.
        hours: of a month.
    """
    return [
        *_network(environment, use, hours),
        *_airflow(environment, use, hours),
        *_work(environment, use),
        *_servers(environment, hours),
    ]


def _network(
    environment: Environment, use: dict[str, float], hours: float
) -> list[Line]:
    nats = int(environment["NatGateways"])
    endpoints = _interface_endpoints()
    return [
        Line("nat_hour", nats * hours, f"{nats} gateways x {hours:g} h"),
        Line("nat_gb", use["nat_gb"], "GB out to the internet"),
        Line("public_address", nats * hours, f"{nats} addresses x {hours:g} h"),
        Line(
            "endpoint_hour",
            endpoints * 2 * hours,
            f"{endpoints} endpoints x 2 zones x {hours:g} h",
        ),
    ]


def _interface_endpoints() -> int:
    """Count the VPC endpoints that are billed by the hour, which those of a gateway are not."""
    count = 0
    for resource in template("network")["Resources"].values():
        if (
            resource["Type"] == "AWS::EC2::VPCEndpoint"
            and resource["Properties"]["VpcEndpointType"] == "Interface"
        ):
            count += 1
    return count


def _airflow(
    environment: Environment, use: dict[str, float], hours: float
) -> list[Line]:
    size = environment["EnvironmentClass"].removeprefix("mw1.")
    return [
        Line(
            f"mwaa_{size}",
            hours,
            f"{hours:g} h, one worker and two schedulers included",
        ),
        Line(
            f"mwaa_worker_{size}",
            use["extra_worker_hours"],
            "hours of workers beyond the first",
        ),
        Line("mwaa_database", 10, "10 GB"),
        Line("logs_gb", use["logs_gb"], "GB of logs"),
    ]


def _work(environment: Environment, use: dict[str, float]) -> list[Line]:
    rpu = int(_value(environment, "warehouse", "RedshiftBaseCapacity"))
    query_hours = use["warehouse_hours"]
    runs = use["glue_runs"]
    dpu_hours_a_run = GLUE_DPU * GLUE_HOURS_A_RUN + CRAWL_DPU_HOURS
    return [
        Line(
            "redshift_rpu",
            rpu * query_hours,
            f"{rpu} RPU x {query_hours:g} h of queries",
        ),
        Line("redshift_gb", use["data_gb"], "GB"),
        Line(
            "glue_dpu",
            runs * dpu_hours_a_run,
            f"{runs:g} runs x (2 DPU x 6 min + a crawl of 2 DPU x 10 min)",
        ),
        Line(
            "sagemaker_m5_large",
            use["training_hours"],
            "hours of training jobs",
        ),
        Line(
            "s3_gb", 3 * use["data_gb"], "GB, old versions and models included"
        ),
        Line("s3_writes", 100, "thousand requests"),
    ]


def _servers(environment: Environment, hours: float) -> list[Line]:
    size = _value(environment, "tracking", "MlflowInstance").replace(".", "_")
    disk = int(_value(environment, "tracking", "MlflowVolumeGiB")) + 12
    tasks = int(environment["ApiTasks"])
    return [
        Line(f"ec2_{size}", hours, f"{hours:g} h of MLflow"),
        Line("ebs_gb", disk, "GB, system disk included"),
        Line(
            "fargate_vcpu",
            tasks * 0.5 * hours,
            f"{tasks} API tasks x 0.5 vCPU x {hours:g} h",
        ),
        Line(
            "fargate_gb",
            tasks * 2 * hours,
            f"{tasks} API tasks x 2 GB x {hours:g} h",
        ),
        Line("balancer", hours, f"{hours:g} h"),
        Line("balancer_unit", hours, f"1 unit x {hours:g} h"),
        Line("kms_key", 1, "key"),
        Line(
            "secret",
            6,
            "Redshift, Slack, SMTP, the API's keys, MLflow's two accounts",
        ),
        Line("ecr_gb", 5, "GB of images"),
    ]


def _value(environment: Environment, layer: str, parameter: str) -> str:
    """Return a parameter's value, else its template's default."""
    default = template(layer)["Parameters"][parameter].get("Default", "")
    return environment.values.get(parameter, str(default))


def of_contracts(
    names: Sequence[str],
    lines: Sequence[Line],
    work: Sequence[Line],
    prices: dict[str, Any],
) -> dict[str, tuple[float, float]]:
    """Return contract to its own costs and its share of what all use, in US dollars a month.

    Each contract is taken to work as much as the stage's file assumes of one; what stands there whether anybody works
    or not is shared in equal parts.

    Args:
        names: of the contracts in force.
        lines: of the bill with one contract.
        work: those of them that each further contract adds once more.
        prices: by item.
    """
    work_cost = sum(line.cost(prices) for line in work)
    shared = sum(line.cost(prices) for line in lines) - work_cost
    return {name: (work_cost, shared / len(names)) for name in names}


def table_of_contracts(environment: Environment) -> str:
    """Return each contract's share of an environment's month as a Markdown table."""
    assumptions = price_list()
    use = assumptions["assumed"][environment.name]
    hours = float(assumptions["hours_a_month"])
    names = [load_contract(environment["Contract"]).contract]
    names += environment.contracts
    shares = of_contracts(
        names,
        bill(environment, use, hours),
        _work(environment, use),
        assumptions["prices"],
    )
    rows = [
        "| contract | its own work, $ | share of the rest, $ | in all, $ |",
        "|---|---:|---:|---:|",
    ]
    for name, (work_cost, share) in shares.items():
        both = work_cost + share
        rows.append(
            f"| `{name}` | {work_cost:,.2f} | {share:,.2f} | {both:,.2f} |"
        )
    total = sum(work_cost + share for work_cost, share in shares.values())
    rows.append(f"| **{environment.name}, a month** | | | **{total:,.0f}** |")
    return "\n".join(rows)


def if_asked_for(use: dict[str, float], hours: float) -> list[Line]:
    """Return what a month of the endpoint, and of scoring on Spark every night, adds to either environment's bill.

    Args:
        use: instances of the endpoint, runs of the scoring job and hours of each.
        hours: of a month.
    """
    instances = use["endpoint_instances"]
    runs = use["scoring_runs"]
    hours_a_run = use["scoring_hours_a_run"]
    workers = int(
        template("glue")["Resources"]["ScoringJob"]["Properties"][
            "NumberOfWorkers"
        ]
    )
    spark = f"{runs:g} runs x {workers} DPU x {hours_a_run * 60:g} min"
    return [
        Line(
            "endpoint_m5_large",
            instances * hours,
            f"{instances:g} instance x {hours:g} h",
        ),
        Line("scoring_dpu", runs * workers * hours_a_run, spark),
    ]


def table(name: str) -> str:
    """Return the bill of an environment as a Markdown table with its total."""
    assumptions = price_list()
    prices = assumptions["prices"]
    hours = float(assumptions["hours_a_month"])
    environment = load_environment(name, "0" * 12)
    lines = bill(environment, assumptions["assumed"][name], hours)
    total = sum(line.cost(prices) for line in lines)
    rows = [
        *_rows(lines, prices),
        f"| **{name}, a month** | | | | **{total:,.0f}** |",
    ]
    return "\n".join(rows)


def table_if_asked_for() -> str:
    """Return the same of what runs only where somebody asks for it, without a total."""
    assumptions = price_list()
    hours = float(assumptions["hours_a_month"])
    lines = if_asked_for(assumptions["if_asked_for"], hours)
    return "\n".join(_rows(lines, assumptions["prices"]))


def _rows(lines: list[Line], prices: dict[str, Any]) -> list[str]:
    """Return the head of a table and a row of each line, the dearest first."""
    rows = [
        "| priced by | quantity's formula | quantity | price, $ | cost, $ |",
        "|---|---|---:|---:|---:|",
    ]
    for line in sorted(lines, key=lambda line: -line.cost(prices)):
        price, title, *_ = prices[line.item]
        rows.append(
            f"| {title} | {line.formula} | {line.quantity:,.0f} | {price} | {line.cost(prices):,.2f} |"
        )
    return rows


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    for name in environment_names():
        log.info("## %s\n\n%s\n", name, table(name))
        shares = table_of_contracts(load_environment(name, "0" * 12))
        log.info("### %s by contract\n\n%s\n", name, shares)
    log.info("## Only if asked for\n\n%s\n", table_if_asked_for())
