"""Errors of `include.feedback`."""

from include.errors import LeadsError


class FeedbackRefusedError(LeadsError, ValueError):
    """Feedback that cannot be kept; `problems` names each value's field and what is wrong with it."""

    def __init__(self, *problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{one['field']}: {one['reason']}" for one in problems))
