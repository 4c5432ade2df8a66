"""Errors of `include.feedback`."""

from include.errors import LeadsError


class FeedbackRefusedError(LeadsError, ValueError):
    """Feedback that cannot be kept; `problems` names each value's field and what is wrong with it."""

    def __init__(self, *problems: dict[str, str]) -> None:
        self.problems = problems
        sentences = [
            f"{problem['field']}: {problem['reason']}" for problem in problems
        ]
        super().__init__("; ".join(sentences))


class UnknownCallerError(LeadsError, ValueError):
    """Raised when nobody of a name has said anything; the message names the callers there are."""
