"""The recipe of a trained family, as an object and as the small dictionary that tasks hand on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from include.features.calibration import Decision, Method


@dataclass(frozen=True)
class Recipe:
    """Everything that is needed to fit the same model on other rows.

    Attributes:
        family: a name in FAMILIES.
        params: of its pipeline, JSON-safe.
        calibration: method that gave the lowest Brier score on the validation side.
        decision: policy, threshold and tiers.
    """

    family: str
    params: Mapping[str, Any]
    calibration: Method
    decision: Decision


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as JSON-safe values."""
    return {**asdict(recipe), "params": dict(recipe.params)}


def from_dict(values: Mapping[str, Any]) -> Recipe:
    """Return the recipe in a result of `train_family`, which may have been through JSON."""
    decision = values["decision"]
    tiers = tuple((str(name), lowest) for name, lowest in decision["tiers"])
    return Recipe(
        family=values["family"],
        params=values["params"],
        calibration=values["calibration"],
        decision=Decision(
            decision["policy"],
            float(decision["threshold"]),
            tiers,
            decision.get("tier_scale", "score"),
        ),
    )
