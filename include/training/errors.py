"""Errors of `include.training`."""

from collections.abc import Mapping

from include.errors import LeadsError
from include.evaluation.errors import OneClassOnlyError
from include.features.errors import NoUsefulColumnError


class NotEnoughRowsError(LeadsError, ValueError):
    """Too few labelled leads to train, choose and judge a model on separate rows."""


class UnusableModelError(LeadsError, ValueError):
    """A refitted model ranks no better than chance, or its mean probability misses the rate: it is not registered."""


class NoUsableFamilyError(UnusableModelError):
    """No family can be trained on a stage's leads, or its refitted model was refused.

    Attributes:
        refused: family to why it has no model, or why its model must not be registered.
    """

    def __init__(self, stage: str, refused: Mapping[str, str]) -> None:
        reasons = "; ".join(
            f"{family}: {reason}" for family, reason in refused.items()
        )
        super().__init__(
            f"no family gave a usable model for stage {stage}. {reasons}"
        )
        self.refused = dict(refused)


class SnapshotChangedError(LeadsError, ValueError):
    """The rows under a snapshot's URI are no longer those that its manifest describes."""


class SearchSpaceError(LeadsError, ValueError):
    """search.yaml cannot be used; the message names the key."""


UNTRAINABLE = (NotEnoughRowsError, OneClassOnlyError, NoUsefulColumnError)
"""What the leads of a stage do not allow, however often it is tried."""
