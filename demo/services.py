"""The services of the local stack: what each is called in the Procfile, where it listens and when it is healthy."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from demo.ports import Ports


@dataclass(frozen=True)
class Service:
    """One process of the Procfile, or several behind one address (Airflow)."""

    name: str
    title: str
    address: str
    port: int
    health: str
    variable: str
    check: Callable[[httpx.Response], bool] = lambda response: True

    def healthy(self) -> bool:
        """Whether the service answers its health address as it should, within two seconds."""
        try:
            response = httpx.get(f"{self.address}{self.health}", timeout=2)
        except httpx.HTTPError:
            return False
        return response.is_success and self.check(response)


def services(ports: Ports) -> tuple[Service, ...]:
    """Every service, in the order of the Procfile."""
    return (
        Service("aws", "local AWS", ports.aws, ports.aws_port, "/moto-api/", "LEADS_AWS_PORT"),
        Service("inbox", "alert inbox", ports.inbox, ports.inbox_port, "/healthz", "LEADS_INBOX_PORT"),
        Service("mlflow", "MLflow", ports.mlflow, ports.mlflow_port, "/health", "LEADS_MLFLOW_PORT"),
        Service(
            "api-server",
            "Airflow",
            ports.airflow,
            ports.airflow_port,
            "/api/v2/monitor/health",
            "LEADS_AIRFLOW_PORT",
            airflow_is_whole,
        ),
        Service("api", "scoring API", ports.api, ports.api_port, "/healthz", "LEADS_API_PORT"),
    )


def airflow_is_whole(response: httpx.Response) -> bool:
    """Whether scheduler, triggerer, DAG processor and database all report as healthy."""
    parts = response.json()
    names = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    return all((parts.get(name) or {}).get("status") == "healthy" for name in names)
