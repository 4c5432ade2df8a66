"""Errors of `include.asof`."""

from include.errors import LeadsError


class FeatureInputError(LeadsError, ValueError):
    """Tables from which the declared features cannot be computed; the message names table and column."""
