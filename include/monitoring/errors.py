"""Errors of `include.monitoring`."""

from include.errors import LeadsError


class ReferenceMissingError(LeadsError, LookupError):
    """The champion's training snapshot cannot be read any more, so nothing can be compared with it."""

    def __init__(
        self, model: str, version: str, snapshot_uri: str | None
    ) -> None:
        super().__init__(
            f"champion {model} version {version}: its training snapshot {snapshot_uri or '(no tag snapshot_uri)'} is "
            "gone; restore it from the bucket's versions, or run train_models and then promote_model"
        )


class NothingToCompareError(LeadsError, ValueError):
    """One of the two sides has no rows."""


class NotNumbersError(LeadsError, ValueError):
    """A column of numbers that holds something else; the message names it."""


class ChampionUnreadableError(LeadsError, RuntimeError):
    """The registry names a champion that cannot be loaded or cannot score; it stays the champion."""
