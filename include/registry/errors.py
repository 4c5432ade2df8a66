"""Errors of `include.registry`."""

from include.errors import LeadsError


class ModelUnreadableError(LeadsError, RuntimeError):
    """The artefact of a registered version cannot be loaded; aliases stay as they are."""


class ModelFilesChangedError(ModelUnreadableError):
    """The files of a registered version are not those that were registered, so they are not loaded."""


class DigestMissingError(ModelUnreadableError):
    """A version was registered without a digest of its files where promotions are on record, so it is not loaded."""


class LibraryNotListedError(LeadsError, ValueError):
    """A model needs a library that is not listed, so nothing would install it where the model is loaded."""


class NoChampionError(LeadsError, LookupError):
    """There is no champion, or none before the present one."""


class ChampionChangedError(LeadsError, RuntimeError):
    """Another version became champion after the decision was made."""


class TrackingLoginError(LeadsError, ConnectionError):
    """User name and password, or the certificate, of the MLflow server cannot be had; a later attempt may succeed."""


class LedgerUnreadableError(LeadsError, ConnectionError):
    """The ledger of champions cannot be read, so nobody can tell who is champion; a later attempt may succeed."""


class VersionNotReadyError(LeadsError, RuntimeError):
    """A version whose registration in MLflow has not succeeded cannot become the champion."""


class NoChallengerError(LeadsError, LookupError):
    """No version carries the alias challenger."""


class TrackingUnavailableError(LeadsError, ConnectionError):
    """The MLflow server does not answer; a later attempt may succeed."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"MLflow does not answer at {address}; check that it runs and that MLFLOW_TRACKING_URI is right"
        )
        self.address = address
