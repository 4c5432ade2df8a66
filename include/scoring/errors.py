"""Errors of `include.scoring`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from include.errors import LeadsError

MAX_PROBLEMS = 100
"""A reply names at most so many problems: a wrong file repeats the same one in every row."""


@dataclass(frozen=True)
class Problem:
    """One value that was refused: row counted from 1, the name the caller used, and why."""

    row: int
    field: str
    reason: str


class LeadsRefusedError(LeadsError, ValueError):
    """Leads with values that the contract refuses; `problems` says which."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} value(s) refused by the contract")
        first_problems = problems[:MAX_PROBLEMS]
        self.problems = [asdict(problem) for problem in first_problems]


class ChampionUnusableError(LeadsError, RuntimeError):
    """The registry names a champion that cannot score; the message says which and what is wrong with it."""
