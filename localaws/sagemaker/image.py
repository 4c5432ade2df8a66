"""Say what stands for the image of a container: this checkout, started with this interpreter."""

import os
from pathlib import Path

from localaws.errors import UnsupportedJobError

CHECKOUT = Path(__file__).parents[2]
"""Folder of the project whose code stands for every image; where this package is installed alone, there is none."""
TRAIN = ("python", "-m", "include.endpoint.training_container")
"""What `docker run <image> train` starts when a job names no entry point of its own."""
SERVE = ("-m", "include.api", "serve", "--host", "127.0.0.1")
"""What `docker run <image> serve` starts, as arguments of the interpreter."""
ROOT_VARIABLE = "SAGEMAKER_BASE_DIR"
"""Where a container's /opt/ml is: the variable of AWS's own training toolkit."""
GRACE_SECONDS = 3.0  # AWS gives 120 between SIGTERM and SIGKILL
_NOT_INHERITED = (
    "AWS_",
    "AIRFLOW",
    "LEADS_",
    "MLFLOW_",
    "SM_",
    "SAGEMAKER_",
    "PYTHONPATH",
)


def require_checkout() -> None:
    """Pass where the project's code is at hand.

    Raises:
        UnsupportedJobError: this package is installed without it.
    """
    if not (CHECKOUT / "include" / "endpoint").is_dir():
        raise UnsupportedJobError(
            "an image, outside the project whose code stands for it; --entry-point MODULE names a program that "
            "training jobs may start"
        )


def container_environment() -> dict[str, str]:
    """Return what a container has before its request adds to it: nothing of this server's own settings."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_NOT_INHERITED)
    }
    return {
        **inherited,
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONUNBUFFERED": "1",
    }
