"""Read the container of a CreateModel request, and refuse models that an endpoint here could not serve."""

from collections.abc import Mapping
from typing import Any

from localaws.errors import UnsupportedJobError


def containers_of(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return all containers that a CreateModel request names, the primary one first.

    Args:
        request: moto's arguments of CreateModel, `primary_container` and `containers`.
    """
    primary = request.get("primary_container")
    return [
        *([primary] if primary else []),
        *(request.get("containers") or []),
    ]


def one_container(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the container of a model: exactly one, with its files as an archive in S3.

    Args:
        request: moto's arguments of CreateModel, `primary_container` and `containers`.

    Raises:
        UnsupportedJobError: a pipeline of containers, several models in one, a package, or no archive.
    """
    containers = containers_of(request)
    if len(containers) > 1:
        raise UnsupportedJobError(
            "a model of several containers, PrimaryContainer among them"
        )
    container = containers[0] if containers else {}
    for member in ("ModelPackageName", "ModelDataSource", "MultiModelConfig"):
        if container.get(member):
            raise UnsupportedJobError(f"a model with {member}")
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise UnsupportedJobError("a model with Mode MultiModel")
    if not container.get("ModelDataUrl"):
        raise UnsupportedJobError(
            "a model without ModelDataUrl, the s3:// address of its model.tar.gz"
        )
    return container
