"""Errors of `include.promotion`."""

from include.errors import LeadsError


class RecordDiffersError(LeadsError, ValueError):
    """A decision record whose own report leads to another decision than the one it states."""
