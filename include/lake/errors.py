"""Errors of `include.lake`."""

from include.errors import LeadsError


class ParquetUnreadableError(LeadsError, ValueError):
    """An object that should be Parquet cannot be read, or does not fit the others of its folder."""

    def __init__(self, uri: str, reason: object) -> None:
        super().__init__(
            f"{uri} cannot be read as Parquet ({reason}); restore it or repeat the task that wrote it"
        )
        self.uri = uri


class ObjectMissingError(LeadsError, LookupError):
    """Nothing lies under an S3 URI where something was expected."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"{uri}: no such object; check that the task which writes it has run"
        )
        self.uri = uri


class LoadRejectedError(LeadsError, ValueError):
    """A load that must not enter the warehouse; the message names every reason and what to do."""
