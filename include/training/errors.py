"""Errors of `include.training`."""

from include.errors import LeadsError


class NotEnoughRowsError(LeadsError, ValueError):
    """Too few labelled leads to train, choose and judge a model on separate rows."""


class UnusableModelError(LeadsError, ValueError):
    """A refitted model ranks no better than chance, or its mean probability misses the rate: it is not registered."""


class SnapshotChangedError(LeadsError, ValueError):
    """The rows under a snapshot's URI are no longer those that its manifest describes."""


class SearchSpaceError(LeadsError, ValueError):
    """search.yaml cannot be used; the message names the key."""
