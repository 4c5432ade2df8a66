"""Reads search.yaml: scoring, folds and grids of every family, checked before a search starts."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from include.contract import KnownAt
from include.training.data.dataset import MIN_PER_CLASS
from include.training.errors import SearchSpaceError
from include.training.families import NATIVE_FAMILIES

Grid = dict[str, Annotated[list[Any], Field(min_length=1)]]


def _as_list(grid: Any) -> Any:
    """Return a single grid as a list of one."""
    return [grid] if isinstance(grid, dict) else grid


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FamilySpace(_Strict):
    """One family's part: parameters of the classifier that stay, what a stage changes of them, the grids to try."""

    fixed: dict[str, Any] = {}
    stages: dict[KnownAt, dict[str, Any]] = {}
    grid: Annotated[list[Grid], BeforeValidator(_as_list)]

    def classifier(self, stage: KnownAt) -> dict[str, Any]:
        """Return the parameters of the classifier at a scoring stage."""
        return self.fixed | self.stages.get(stage, {})


class SearchSpace(_Strict):
    """The whole file."""

    folds: int = Field(
        ge=2, le=MIN_PER_CLASS
    )  # a side may hold no more leads of the rarer outcome than that
    scoring: str
    families: dict[str, FamilySpace]

    @model_validator(mode="after")
    def _levels_fit_the_families(self) -> Self:
        """Refuse a grid that gives a family levels which it cannot split."""
        for family, space in self.families.items():
            for grid in space.grid:
                check_native(family, grid)
        return self


def check_native(family: str, grid: Mapping[str, Collection[Any]]) -> None:
    """Refuse native levels where their numbers would be taken for amounts.

    Args:
        family: a name in FAMILIES.
        grid: parameter of the pipeline to the values to try.

    Raises:
        SearchSpaceError: `encode__levels: native` for a family that does not split levels, or together with SMOTE.
    """
    if "native" not in grid.get("encode__levels", ()):
        return
    if family not in NATIVE_FAMILIES:
        raise SearchSpaceError(
            f"{family} cannot split levels itself (encode__levels: native), only {' and '.join(NATIVE_FAMILIES)} can; "
            "give it onehot, target or both"
        )
    if "smote" in grid.get("resample__method", ()):
        raise SearchSpaceError(
            f"{family}: SMOTE would make up levels half-way between two (encode__levels: native with "
            "resample__method: smote); give each a grid of its own"
        )


@lru_cache(maxsize=1)
def search_space() -> SearchSpace:
    """Return the project's search space.

    Raises:
        SearchSpaceError: the file breaks the model above.
    """
    path = files("include.training") / "search.yaml"
    try:
        return SearchSpace.model_validate(
            yaml.safe_load(path.read_text(encoding="utf-8"))
        )
    except (yaml.YAMLError, ValidationError) as error:
        raise SearchSpaceError(f"{path}: {error}") from error
