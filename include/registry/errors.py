"""Errors of `include.registry`."""

from include.errors import LeadsError


class ModelUnreadableError(LeadsError, RuntimeError):
    """A registered version whose artefact cannot be loaded; aliases stay as they are."""


class LibraryNotListedError(LeadsError, ValueError):
    """A model needs a library that is not listed, so nothing would install it where the model is loaded."""


class NoChampionError(LeadsError, LookupError):
    """There is no champion, or none before the present one, to work with."""


class ChampionChangedError(LeadsError, RuntimeError):
    """The champion is no longer the one that a decision was about."""


class NoChallengerError(LeadsError, LookupError):
    """There is no challenger to judge."""


class TrackingUnavailableError(LeadsError, ConnectionError):
    """The MLflow server does not answer; a later attempt may succeed."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"MLflow does not answer at {address}; check that it runs and that MLFLOW_TRACKING_URI is right"
        )
        self.address = address
