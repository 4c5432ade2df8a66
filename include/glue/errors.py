"""Errors of `include.glue`."""

from include.errors import LeadsError


class JobFailedError(LeadsError, RuntimeError):
    """The ingestion job cannot do its work at all; the message says what to do next."""


class ChampionsMissingError(LeadsError, RuntimeError):
    """The scoring job has no champions to score with."""


class UnreadableFileError(LeadsError, ValueError):
    """A file that is no CSV text at all; the message says what it is."""
