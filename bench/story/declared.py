"""Read what the story's company declares, and derive the flat contract of a table of features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from bench._generated import NAMES
from include.contract import Contract, KnownAt
from include.contract.format.features import Features, HistoricalRate
from include.contract.format.identity import IdentityDocument
from include.contract.format.unification import feature_column
from include.identity.rules import IdentityRules, rules_of

FILE = Path(__file__).parent / "declared.yaml"
KEY = "lead_key"
CLOCK = "captured"
LABEL = "outcome"
STAGES = ("capture", "engagement", "contact")
TOP = 8


@dataclass(frozen=True)
class Outcome:
    """One of the outcomes.

    Attributes:
        column: of the applications that holds it.
        positive: cell that means that it happened.
        negative: cell that means that it did not.
        mature_after_days: days from a lead's capture on after which its outcome is final.
    """

    column: str
    positive: str
    negative: str
    mature_after_days: int


@dataclass(frozen=True)
class Declared:
    """Everything that the file says.

    Attributes:
        identity: rules by which records are joined.
        features: of all stages.
        paid_channels: channels that cost money.
        drivers: the features that the story names as drivers of both outcomes.
        outcomes: by name.
    """

    identity: IdentityRules
    features: Features
    paid_channels: tuple[str, ...]
    drivers: tuple[str, ...]
    outcomes: Mapping[str, Outcome]

    def known_at(self, stage: str) -> Features:
        """Return the features that a model of a stage may read."""
        moment = KnownAt(stage)
        return tuple(
            feature
            for feature in self.features
            if feature.known_at.visible_at(moment)
        )

    @property
    def rates(self) -> tuple[str, ...]:
        """Return the features that are rates of earlier outcomes."""
        return tuple(
            feature.name
            for feature in self.features
            if isinstance(feature, HistoricalRate)
        )


@lru_cache(maxsize=1)
def declared() -> Declared:
    """Return the declaration. Raises pydantic.ValidationError where it is none."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    identity = IdentityDocument.model_validate(document["identity"])
    reader: TypeAdapter[Features] = TypeAdapter(Features)
    outcomes = {
        name: Outcome(**fields) for name, fields in document["outcomes"].items()
    }
    return Declared(
        identity=rules_of(identity.model_dump()),
        features=reader.validate_python(document["features"]),
        paid_channels=tuple(document["paid_channels"]),
        drivers=tuple(document["drivers"]),
        outcomes=outcomes,
    )


def drivers_in_top(ranked: Sequence[str]) -> int:
    """Return how many of the declared drivers are among the first eight of the ranked features."""
    return len(set(declared().drivers) & set(ranked[:TOP]))


def flat_contract(outcome: str) -> Contract:
    """Return the contract of a table of features, for the models of one outcome.

    Its rows have the key, the moment of capture as the clock, the outcome, and a column for each feature.
    """
    columns: list[dict[str, Any]] = [
        _column(KEY, "string", "capture"),
        _column(CLOCK, "integer", "capture"),
        _column(LABEL, "integer", "contact") | {"minimum": 0, "maximum": 1},
    ]
    for feature in declared().features:
        columns.append(feature_column(feature))
    return Contract.model_validate(
        {
            "contract": f"story_{outcome}",
            "version": 1,
            "description": f"Leads of the story's company, for {outcome}.",
            "names": {name: f"story_{outcome}_{name}" for name in NAMES},
            "key": KEY,
            "label": LABEL,
            "clock": CLOCK,
            "columns": columns,
        }
    )


def _column(name: str, kind: str, stage: str) -> dict[str, Any]:
    """Return a column of the contract that is known from a stage on."""
    return {
        "name": name,
        "field": name,
        "type": kind,
        "label": name,
        "description": name,
        "known_at": KnownAt(stage),
        "because": "declared so",
    }
