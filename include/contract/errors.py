"""Errors of `include.contract`."""

from include.errors import LeadsError


class ContractError(LeadsError, ValueError):
    """A contract file that cannot be used; the message names file, column and key."""


class OldFormatWarning(UserWarning):
    """A contract file of format 1, which is still read."""
