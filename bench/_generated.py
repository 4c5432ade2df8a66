"""A contract for generated leads: a key, a clock, an outcome, and the columns that a population needs."""

from collections.abc import Mapping

from include.contract import Contract

NAMES = (
    "table",
    "scores_table",
    "drift_table",
    "promotions_table",
    "feedback_table",
    "model",
    "experiment",
)


def generated_contract(types: Mapping[str, str]) -> Contract:
    """Return a contract with key `lead`, clock `arrived` and outcome `won`.

    Args:
        types: further column to its type, such as number or category; all are known at capture.
    """
    columns = [
        _column("lead", "string"),
        _column("arrived", "integer"),
        _column("won", "integer") | {"minimum": 0, "maximum": 1},
    ]
    for name, kind in types.items():
        columns.append(_column(name, kind))
    return Contract.model_validate(
        {
            "contract": "generated",
            "version": 1,
            "description": "Generated leads.",
            "names": {name: f"generated_{name}" for name in NAMES},
            "key": "lead",
            "label": "won",
            "clock": "arrived",
            "columns": columns,
        }
    )


def _column(name: str, kind: str) -> dict[str, object]:
    """Return a column whose texts for people are its name."""
    return {
        "name": name,
        "field": name,
        "type": kind,
        "label": name,
        "description": name,
        "known_at": "capture",
        "because": "generated",
    }
