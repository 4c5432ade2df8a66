"""Reads search.yaml: scoring, folds and grids of every family, checked before a search starts."""

from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from include.contract import KnownAt

Grid = dict[str, Annotated[list[Any], Field(min_length=1)]]


class SearchSpaceError(ValueError):
    """search.yaml cannot be used; the message names the key."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FamilySpace(_Strict):
    """One family's part: parameters of the classifier that stay, what a stage changes of them, the grids to try."""

    fixed: dict[str, Any] = {}
    stages: dict[KnownAt, dict[str, Any]] = {}
    grid: Annotated[list[Grid], BeforeValidator(lambda grid: [grid] if isinstance(grid, dict) else grid)]

    def classifier(self, stage: KnownAt) -> dict[str, Any]:
        """Parameters of the classifier at a scoring stage."""
        return self.fixed | self.stages.get(stage, {})


class SearchSpace(_Strict):
    """The whole file."""

    folds: int = Field(ge=2)
    scoring: str
    families: dict[str, FamilySpace]


@lru_cache(maxsize=1)
def search_space() -> SearchSpace:
    """The project's search space.

    Raises:
        SearchSpaceError: the file breaks the model above.
    """
    path = files("include.training") / "search.yaml"
    try:
        return SearchSpace.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise SearchSpaceError(f"{path}: {error}") from error
