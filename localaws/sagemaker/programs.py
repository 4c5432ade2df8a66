"""Refuse programs other than those of this project's images, and variables that would put others in their place."""

from collections.abc import Collection, Mapping, Sequence

from localaws.errors import UnsupportedJobError
from localaws.sagemaker.image import TRAIN, require_checkout

_INTERPRETERS = ("python", "python3")
_VARIABLES = (
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "MLFLOW_TRACKING_URI",
    "OMP_NUM_THREADS",
)
_OWN_VARIABLES = "LEADS_"


def refuse_foreign_program(
    entry_point: Sequence[str] | None, modules: Collection[str]
) -> None:
    """Let pass an entry point that starts the images' own training, or none at all.

    Args:
        entry_point: `ContainerEntrypoint` of a training job.
        modules: further modules that may be started, as `python -m MODULE`.

    Raises:
        UnsupportedJobError: it is another program, or there is no code that stands for the images.
    """
    if not entry_point:
        require_checkout()
        return
    program, *options = entry_point
    allowed = [["-m", module] for module in (TRAIN[-1], *modules)]
    if program not in _INTERPRETERS or options not in allowed:
        raise UnsupportedJobError(
            f"the entry point {' '.join(entry_point)!r}, which is none of this project's images"
        )


def refuse_foreign_variables(environment: Mapping[str, str] | None) -> None:
    """Let pass the settings of the project; PYTHONPATH, LD_PRELOAD and the like would run other programs.

    Raises:
        UnsupportedJobError: `environment` has another variable.
    """
    for name in environment or {}:
        if name not in _VARIABLES and not name.startswith(_OWN_VARIABLES):
            raise UnsupportedJobError(f"the variable {name} in Environment")
