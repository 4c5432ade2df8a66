"""Errors of `include.unify`."""

from include.errors import LeadsError


class UnifyError(LeadsError, ValueError):
    """Sources of which no leads can be made; the message names the source and what to do."""
