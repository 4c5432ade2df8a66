"""Errors of `include.api`."""

from include.errors import LeadsError


class KeysUnusableError(LeadsError, RuntimeError):
    """The secret does not hold names and hashes; the message says what to do."""


class UnreadableBodyError(LeadsError, ValueError):
    """A body that is not the JSON or CSV that its content type promises."""


class BodyTooLargeError(LeadsError, ValueError):
    """More leads or columns than one request may bring; the message names the limit."""


class TunnelError(LeadsError, RuntimeError):
    """There can be no tunnel; the message says what is missing."""
