"""List the services of the local stack: their names in the Procfile, where they listen, when they are healthy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import httpx

from demo.ports import Ports

AIRFLOW_PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


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
        """Tell whether the service answers its health address as it should, within two seconds."""
        try:
            response = _client().get(f"{self.address}{self.health}")
        except httpx.HTTPError:
            return False
        return response.is_success and self.check(response)


@cache
def _client() -> httpx.Client:
    """Return one client for all questions: a new one reads the machine's certificates, 0.1 s of computing each time."""
    return httpx.Client(timeout=2)


def services(ports: Ports) -> tuple[Service, ...]:
    """Return every service, in the order of the Procfile."""
    return (
        Service(
            name="aws",
            title="local AWS",
            address=ports.aws,
            port=ports.aws_port,
            health="/moto-api/",
            variable="LEADS_AWS_PORT",
        ),
        Service(
            name="inbox",
            title="alert inbox",
            address=ports.inbox,
            port=ports.inbox_port,
            health="/healthz",
            variable="LEADS_INBOX_PORT",
        ),
        Service(
            name="mlflow",
            title="MLflow",
            address=ports.mlflow,
            port=ports.mlflow_port,
            health="/health",
            variable="LEADS_MLFLOW_PORT",
        ),
        Service(
            name="api-server",
            title="Airflow",
            address=ports.airflow,
            port=ports.airflow_port,
            health="/api/v2/monitor/health",
            variable="LEADS_AIRFLOW_PORT",
            check=airflow_is_whole,
        ),
        Service(
            name="api",
            title="scoring API",
            address=ports.api,
            port=ports.api_port,
            health="/healthz",
            variable="LEADS_API_PORT",
        ),
    )


def airflow_is_whole(response: httpx.Response) -> bool:
    """Tell whether scheduler, triggerer, DAG processor and database all report as healthy."""
    parts = response.json()
    for name in AIRFLOW_PARTS:
        part = parts.get(name) or {}
        if part.get("status") != "healthy":
            return False
    return True
