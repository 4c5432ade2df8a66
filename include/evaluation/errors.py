"""Errors of `include.evaluation`."""

from include.errors import LeadsError


class NothingToExplainError(LeadsError, ValueError):
    """Explaining needs at least one lead, and one of background."""


class ScoresUnusableError(LeadsError, ValueError):
    """Outcomes and probabilities cannot be measured; the message says what is wrong with them."""


class ThresholdPolicyError(LeadsError, ValueError):
    """The threshold policy does not exist; the message names those that do."""


class TierUnreachableError(LeadsError, ValueError):
    """A tier of a model holds none of the leads at hand; the message says which, and what to change."""


class OneClassOnlyError(LeadsError, ValueError):
    """Every lead of a part of the data has the same outcome, so nothing can be learnt or measured there."""
