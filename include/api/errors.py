"""Errors of `include.api`."""

from include.errors import LeadsError


class KeysUnusableError(LeadsError, RuntimeError):
    """Raised when the secret does not hold names and hashes; the message says what to do."""


class UnreadableBodyError(LeadsError, ValueError):
    """Raised for a body that is not the JSON or CSV that its content type promises."""


class HeaderRefusedError(LeadsError, ValueError):
    """Raised for a CSV whose first line is no header of the contract; the message says what it holds instead."""


class BodyTooLargeError(LeadsError, ValueError):
    """Raised for more leads or columns than one request may bring; the message names the limit."""


class TooManyLeadsError(LeadsError, ValueError):
    """Raised for more leads than one uploaded file may have; the message names the limit."""


class UploadTooSlowError(LeadsError, TimeoutError):
    """Raised when scoring a file takes longer than one may take; the message names the limit."""


class TunnelError(LeadsError, RuntimeError):
    """Raised when there can be no tunnel; the message says what is missing."""
