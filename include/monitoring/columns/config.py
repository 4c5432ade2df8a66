"""Read drift.yaml: the method and threshold pinned for each kind of column."""

from functools import lru_cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Method(_Strict):
    """One of Evidently's drift methods by its name, and the score at which Evidently calls a column drifted."""

    method: str = Field(min_length=1)
    threshold: float = Field(gt=0)


class Missing(_Strict):
    """What stands for a missing value when two frames are compared."""

    level: str = Field(min_length=1)
    sentinel: float
    mostly: float = Field(gt=0, le=1)


class Constant(_Strict):
    """Share of current rows in which a constant must have changed at least to be a drift."""

    least_share: float = Field(gt=0, le=1)


class Sample(_Strict):
    """How many values of a column Evidently is given at most."""

    rows: int = Field(ge=1000)


class OutageRules(_Strict):
    """What makes a column's levels a broken feed; `vanished` is a share of the reference's filled cells."""

    vanished: float = Field(gt=0, le=1)


class SpellingRules(_Strict):
    """When a text is another level, only written differently.

    Attributes:
        regular_share: share of filled cells from which on a second spelling is no mere slip.
        null_words: words for an empty cell besides the contract's null tokens and the usual ones.
        listed: spellings of one column that are named at most.
    """

    regular_share: float = Field(gt=0, le=1)
    null_words: tuple[str, ...]
    listed: int = Field(ge=1)


class DriftConfig(_Strict):
    """Everything that decides a column's drift verdict besides the data."""

    numeric: Method
    categorical: Method
    prediction: Method
    missing: Missing
    constant: Constant
    sample: Sample
    outage: OutageRules
    spelling: SpellingRules


@lru_cache(maxsize=1)
def drift_config() -> DriftConfig:
    """Return the project's drift.yaml. Raises pydantic.ValidationError naming the key that is wrong."""
    text = (files("include.monitoring.columns") / "drift.yaml").read_text(
        encoding="utf-8"
    )
    return DriftConfig.model_validate(yaml.safe_load(text))
