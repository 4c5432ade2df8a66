"""Monthly cost of a stage from its parameters and public list prices: `python -m infra.costs`."""

import logging
import sys
from dataclasses import dataclass
from typing import Any

import yaml

from infra.stages import HERE, STAGES, Stage, load_stage, template

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
        """US dollars a month. Raises KeyError for an item without a price."""
        return self.quantity * float(prices[self.item][0])


def price_list() -> dict[str, Any]:
    """The prices, where they are from, and the assumed use of each stage."""
    listed: dict[str, Any] = yaml.safe_load((HERE / "prices.yaml").read_text(encoding="utf-8"))
    return listed


def bill(stage: Stage, use: dict[str, float], hours: float) -> list[Line]:
    """Every line of a stage's month.

    Args:
        stage: what it owns, by its parameters.
        use: how much it works.
        hours: of a month.
    """
    network, airflow = _network(stage, use, hours), _airflow(stage, use, hours)
    return [*network, *airflow, *_work(stage, use), *_servers(stage, hours)]


def _network(stage: Stage, use: dict[str, float], hours: float) -> list[Line]:
    nats = int(stage["NatGateways"])
    resources = template("network")["Resources"].values()
    kinds = [item["Properties"]["VpcEndpointType"] for item in resources if item["Type"] == "AWS::EC2::VPCEndpoint"]
    endpoints = kinds.count("Interface")
    return [
        Line("nat_hour", nats * hours, f"{nats} gateways x {hours:g} h"),
        Line("nat_gb", use["nat_gb"], "GB out to the internet"),
        Line("public_address", nats * hours, f"{nats} addresses x {hours:g} h"),
        Line("endpoint_hour", endpoints * 2 * hours, f"{endpoints} endpoints x 2 zones x {hours:g} h"),
    ]


def _airflow(stage: Stage, use: dict[str, float], hours: float) -> list[Line]:
    size = stage["EnvironmentClass"].removeprefix("mw1.")
    return [
        Line(f"mwaa_{size}", hours, f"{hours:g} h, one worker and two schedulers included"),
        Line(f"mwaa_worker_{size}", use["extra_worker_hours"], "hours of workers beyond the first"),
        Line("mwaa_database", 10, "10 GB"),
        Line("logs_gb", use["logs_gb"], "GB of logs"),
    ]


def _work(stage: Stage, use: dict[str, float]) -> list[Line]:
    rpu = int(_value(stage, "warehouse", "RedshiftBaseCapacity"))
    glue = use["glue_runs"] * (GLUE_DPU * GLUE_HOURS_A_RUN + CRAWL_DPU_HOURS)
    return [
        Line("redshift_rpu", rpu * use["warehouse_hours"], f"{rpu} RPU x {use['warehouse_hours']:g} h of queries"),
        Line("redshift_gb", use["data_gb"], "GB"),
        Line("glue_dpu", glue, f"{use['glue_runs']:g} runs x (2 DPU x 6 min + a crawl of 2 DPU x 10 min)"),
        Line("sagemaker_m5_large", use["training_hours"], "hours of training jobs"),
        Line("s3_gb", 3 * use["data_gb"], "GB, old versions and models included"),
        Line("s3_writes", 100, "thousand requests"),
    ]


def _servers(stage: Stage, hours: float) -> list[Line]:
    size = _value(stage, "tracking", "MlflowInstance").replace(".", "_")
    disk = int(_value(stage, "tracking", "MlflowVolumeGiB")) + 12
    tasks = int(stage["ApiTasks"])
    return [
        Line(f"ec2_{size}", hours, f"{hours:g} h of MLflow"),
        Line("ebs_gb", disk, "GB, system disk included"),
        Line("fargate_vcpu", tasks * 0.5 * hours, f"{tasks} API tasks x 0.5 vCPU x {hours:g} h"),
        Line("fargate_gb", tasks * 2 * hours, f"{tasks} API tasks x 2 GB x {hours:g} h"),
        Line("balancer", hours, f"{hours:g} h"),
        Line("balancer_unit", hours, f"1 unit x {hours:g} h"),
        Line("kms_key", 1, "key"),
        Line("secret", 4, "Redshift, Slack, SMTP, the API's keys"),
        Line("ecr_gb", 5, "GB of images"),
    ]


def _value(stage: Stage, layer: str, parameter: str) -> str:
    """A parameter's value, else its template's default."""
    default = template(layer)["Parameters"][parameter].get("Default", "")
    return stage.given.get(parameter, str(default))


def if_asked_for(use: dict[str, float], hours: float) -> list[Line]:
    """What a month of the endpoint, and of scoring on Spark every night, adds to either stage's bill.

    Args:
        use: instances of the endpoint, runs of the scoring job and hours of each.
        hours: of a month.
    """
    instances, runs, each = use["endpoint_instances"], use["scoring_runs"], use["scoring_hours_a_run"]
    workers = int(template("glue")["Resources"]["ScoringJob"]["Properties"]["NumberOfWorkers"])
    spark = f"{runs:g} runs x {workers} DPU x {each * 60:g} min"
    return [
        Line("endpoint_m5_large", instances * hours, f"{instances:g} instance x {hours:g} h"),
        Line("scoring_dpu", runs * workers * each, spark),
    ]


def table(stage_name: str) -> str:
    """The bill of a stage as a Markdown table with its total."""
    listed = price_list()
    lines = bill(load_stage(stage_name, "0" * 12), listed["assumed"][stage_name], float(listed["hours_a_month"]))
    total = sum(line.cost(listed["prices"]) for line in lines)
    return "\n".join((*_rows(lines, listed["prices"]), f"| **{stage_name}, a month** | | | | **{total:,.0f}** |"))


def table_if_asked_for() -> str:
    """The same of what runs only where somebody asks for it, without a total."""
    listed = price_list()
    return "\n".join(_rows(if_asked_for(listed["if_asked_for"], float(listed["hours_a_month"])), listed["prices"]))


def _rows(lines: list[Line], prices: dict[str, Any]) -> list[str]:
    rows = [
        f"| {prices[line.item][1]} | {line.formula} | {line.quantity:,.0f} | {prices[line.item][0]} "
        f"| {line.cost(prices):,.2f} |"
        for line in sorted(lines, key=lambda line: -line.cost(prices))
    ]
    return ["| priced by | quantity's formula | quantity | price, $ | cost, $ |", "|---|---|---:|---:|---:|", *rows]


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    for name in sorted(path.stem for path in STAGES.glob("*.yaml")):
        log.info("## %s\n\n%s\n", name, table(name))
    log.info("## Only if asked for\n\n%s\n", table_if_asked_for())
