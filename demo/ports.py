"""List the ports of the local stack; a variable moves each, so that two checkouts can run side by side."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Ports(BaseSettings):
    """TCP ports on this machine; `LEADS_AWS_PORT=14566` and the like move them."""

    model_config = SettingsConfigDict(
        env_prefix="LEADS_", frozen=True, extra="ignore"
    )

    aws_port: int = Field(4566, ge=1, le=65535, description="local AWS")
    mlflow_port: int = Field(5000, ge=1, le=65535, description="MLflow server")
    airflow_port: int = Field(
        8080, ge=1, le=65535, description="Airflow UI and REST API"
    )
    api_port: int = Field(8090, ge=1, le=65535, description="scoring API")
    inbox_port: int = Field(
        8025, ge=1, le=65535, description="alert inbox, HTTP"
    )
    smtp_port: int = Field(
        1025, ge=1, le=65535, description="alert inbox, SMTP"
    )

    def variables(self) -> dict[str, str]:
        """Return the environment variables that give another process these ports."""
        return {
            f"LEADS_{name.upper()}": str(port)
            for name, port in self.model_dump().items()
        }

    @property
    def aws(self) -> str:
        """Return the address of the local AWS."""
        return f"http://localhost:{self.aws_port}"

    @property
    def mlflow(self) -> str:
        """Return the address of the MLflow server."""
        return f"http://localhost:{self.mlflow_port}"

    @property
    def airflow(self) -> str:
        """Return the address of Airflow's UI; its REST API is below /api/v2."""
        return f"http://localhost:{self.airflow_port}"

    @property
    def api(self) -> str:
        """Return the address of the scoring API."""
        return f"http://localhost:{self.api_port}"

    @property
    def inbox(self) -> str:
        """Return the address of the alert inbox."""
        return f"http://localhost:{self.inbox_port}"
