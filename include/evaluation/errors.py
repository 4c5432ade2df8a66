"""Errors of `include.evaluation`."""

from include.errors import LeadsError


class NothingToExplainError(LeadsError, ValueError):
    """No lead was given, so there is no score to explain."""


class ScoresUnusableError(LeadsError, ValueError):
    """Outcomes and probabilities that cannot be judged; the message says what is wrong with them."""


class ThresholdPolicyError(LeadsError, ValueError):
    """A threshold policy that does not exist; the message names those that do."""


class OneClassOnlyError(LeadsError, ValueError):
    """Every lead of a part of the data has the same outcome, so nothing can be learnt or judged there."""
