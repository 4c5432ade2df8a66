"""Errors of `include.endpoint`."""

from include.errors import LeadsError


class NotDeployedError(LeadsError, RuntimeError):
    """The endpoint does not serve what was deployed; the message says what it does instead."""


class BadHyperparametersError(LeadsError, ValueError):
    """Hyperparameters that are not those of a training; the message names each."""


class NoResultError(LeadsError, LookupError):
    """A training job left no result behind."""

    def __init__(self, model_uri: str) -> None:
        super().__init__(
            f"{model_uri} holds no result.json; the job was stopped before its end, clear it and run it again"
        )
