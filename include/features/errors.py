"""Errors of `include.features`."""

from include.errors import LeadsError


class NotExplainableError(LeadsError, TypeError):
    """A classifier that is neither linear nor made of trees, so that it has no fast SHAP values."""


class NoUsefulColumnError(LeadsError, ValueError):
    """Every column of the training rows was dropped, so there is nothing to learn from."""
