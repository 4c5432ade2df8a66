"""Errors of `include.scoring`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from include.errors import LeadsError
from include.scoring.leads.names import shortened

MAX_PROBLEMS = 100
"""A reply names at most so many problems: a wrong file repeats the same one in every row."""


@dataclass(frozen=True)
class Problem:
    """One value that was refused: row counted from 1, the name the caller used, and why."""

    row: int
    field: str
    reason: str


class LeadsRefusedError(LeadsError, ValueError):
    """Leads with values or names that the contract refuses.

    Attributes:
        problems: the first refused values, each with row, field and reason.
        ignored_fields: names that meant no column.
    """

    def __init__(
        self, problems: Sequence[Problem], ignored_fields: Sequence[str] = ()
    ) -> None:
        message = f"{len(problems)} value(s) refused by the contract"
        for problem in problems[:1]:
            field = shortened(problem.field)
            message += f"; row {problem.row}, {field!r}: {problem.reason}"
        super().__init__(message)
        self.problems = [
            asdict(problem) | {"field": shortened(problem.field)}
            for problem in problems[:MAX_PROBLEMS]
        ]
        self.ignored_fields = list(ignored_fields)


class ChampionUnusableError(LeadsError, RuntimeError):
    """The registry names a champion that cannot score; the message says which and what is wrong with it."""
