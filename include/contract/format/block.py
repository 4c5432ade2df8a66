"""Read the block `decisions:` of a contract of format 2, whose parts may be nested, into the names of `Decisions`."""

from collections.abc import Mapping
from typing import Any

NESTED: dict[str, dict[str, str]] = {
    "floors": {
        "capture": "floors_capture",
        "engagement": "floors_engagement",
        "contact": "floors_contact",
    },
    "policy": {
        "name": "threshold_policy",
        "false_positive_hours": "false_positive_hours",
        "missed_lead_hours": "missed_lead_hours",
    },
    "tiers": {"policy": "tier_policy"},
    "drift": {
        "share": "drift_share_threshold",
        "rows": "min_drift_rows",
        "triggers": "drift_triggers",
        "debounce_k": "drift_debounce_k",
        "debounce_n": "drift_debounce_n",
    },
    "outage": {
        "missing_jump": "outage_missing_jump",
        "row_share": "outage_row_share",
    },
    "performance": {
        "leads": "performance_leads",
        "rows": "min_matured_leads",
        "rows_per_outcome": "min_matured_per_outcome",
        "auc_drop": "max_auc_drop",
        "brier_rise": "max_brier_rise",
        "precision_drop": "max_precision_drop",
    },
    "gate": {
        "refresh_margin": "gate_refresh_margin",
        "brier_margin": "gate_brier_margin",
        "segment_rows": "gate_segment_rows",
        "segment_loss": "gate_segment_loss",
        "champion_days": "champion_max_age_days",
    },
    "quality": {
        "quarantined_share": "max_quarantined_share",
        "superseded_share": "max_superseded_share",
    },
    "feedback": {
        "labels": "feedback_labels",
        "rep_share": "feedback_rep_share",
        "weight": "feedback_weight",
    },
}
"""Part of the block, key in it, and the field of `Decisions` that it sets."""

COLUMNS_ONLY = ("protected", "segments")
"""Keys that name columns (`include.contract.format.compile` reads them); they hold for all outcomes."""


def flat_decisions(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return the block with one name for each decision; a name of `Decisions` may stand in the block as it is.

    Raises:
        ValueError: a part is no mapping, has a key that it does not know, or a decision stands there twice.
    """
    flat: dict[str, Any] = {}
    for name, value in block.items():
        if name in COLUMNS_ONLY:
            continue
        if name not in NESTED:
            _add(flat, name, value)
            continue
        if not isinstance(value, Mapping):
            raise ValueError(
                f"'decisions.{name}' must be a mapping with {', '.join(NESTED[name])}"
            )
        for key, inner in value.items():
            if key not in NESTED[name]:
                raise ValueError(
                    f"'decisions.{name}' has no key {key!r}; it has {', '.join(NESTED[name])}"
                )
            _add(flat, NESTED[name][key], inner)
    return flat


def _add(flat: dict[str, Any], name: str, value: Any) -> None:
    if name in flat:
        raise ValueError(f"'decisions' says {name} twice")
    flat[name] = value
