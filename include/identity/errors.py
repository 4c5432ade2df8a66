"""Errors of `include.identity`."""

from include.errors import LeadsError


class IdentityRulesError(LeadsError, ValueError):
    """Rules of identity that cannot be used; the message names the key and what to do."""
