"""Errors of `include.features`."""

from collections.abc import Sequence

from include.errors import LeadsError


class NotExplainableError(LeadsError, TypeError):
    """A classifier that is neither linear nor made of trees, so that it has no fast SHAP values."""


class UntypedPipelineError(LeadsError, TypeError):
    """A pipeline without the step that reads a lead's cells, so that text and numbers could be mixed up in silence."""

    def __init__(self, steps: Sequence[str]) -> None:
        super().__init__(
            f"has no TypedColumns among its steps {', '.join(steps) or '(none)'}"
        )


class NoUsefulColumnError(LeadsError, ValueError):
    """Every column of the training rows was dropped, so there is nothing to learn from."""
