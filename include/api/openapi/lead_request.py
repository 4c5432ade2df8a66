"""Derive the JSON schema of a request for one lead from the contract's sources: its row, its events, its moment."""

from typing import Any

from include.api.one_lead.reading import ARRIVED_AT, SOURCE
from include.api.openapi.lead_schema import LONGEST_MOMENT, field_schema
from include.contract import Column, Contract
from include.contract.model import Files
from include.unify.plan import SourcePlan, plan_of

Json = dict[str, Any]
MOMENT: Json = {
    "type": "string",
    "maxLength": LONGEST_MOMENT,
    "examples": ["2026-01-31T08:30:00Z"],
}
SINGLE_VALUE: Json = {"type": ["string", "number", "boolean", "null"]}


def request_schemas(
    contract: Contract, max_events: int, max_columns: int
) -> Json:
    """Return name to schema of a request and of an event of each source; nothing for a contract without sources.

    Args:
        contract: what a lead is.
        max_events: of one request.
        max_columns: of a lead or an event.
    """
    if not contract.unify:
        return {}
    plan = plan_of(contract)
    events = {
        f"Event_{name}": _event(source, max_columns)
        for name, source in plan.sources.items()
    }
    choices = [{"$ref": f"#/components/schemas/{name}"} for name in events]
    request = {
        "type": "object",
        "description": "One lead with its events. Its features are computed as of the moment, from events that had "
        "occurred and had arrived by then. Give all of them: a source of which there is none counts as one without "
        "events of this lead.",
        "properties": {
            "lead": _lead(plan.leads, max_columns),
            "events": {
                "type": "array",
                "items": {"anyOf": choices},
                "maxItems": max_events,
            },
            "as_of": MOMENT | {"description": "by default now; not later"},
        },
        "required": ["lead", "events"],
        "additionalProperties": False,
    }
    by_id = {
        "type": "object",
        "description": "One lead by its id. Its features are those that the last run published.",
        "properties": {"lead": {"type": "string"}},
        "required": ["lead"],
        "additionalProperties": False,
    }
    return {"LeadWithEvents": request, "LeadById": by_id, **events}


def _lead(source: SourcePlan, max_columns: int) -> Json:
    return {
        "type": "object",
        "description": "The lead's row in its source. It holds from its own moments on, or from its creation where it "
        "has none. With nothing but the key, events of its source say what it was.",
        "properties": _properties(source),
        "additionalProperties": SINGLE_VALUE,
        "maxProperties": max_columns,
    }


def _event(source: SourcePlan, max_columns: int) -> Json:
    properties = _properties(source)
    arrived_at = source.arrived_at or ARRIVED_AT
    properties.setdefault(
        arrived_at, MOMENT | {"description": "When the row was here."}
    )
    return {
        "type": "object",
        "description": f"A row of {source.name}. Names that mean no column are ignored, and the reply lists them.",
        "properties": {SOURCE: {"const": source.name}} | properties,
        "required": [SOURCE, source.occurred_at, arrived_at],
        "additionalProperties": SINGLE_VALUE,
        "maxProperties": max_columns,
    }


def _properties(source: SourcePlan) -> Json:
    """Return the schema of each column of a source."""
    null_tokens = tuple(source.contract["null_tokens"])
    files = Files.model_validate(source.contract["files"])
    properties: Json = {}
    for content in source.contract["columns"]:
        if content.get("derived"):
            continue
        column = Column.model_validate(content)
        tokens = column.null_tokens
        properties[column.field] = field_schema(
            column, null_tokens if tokens is None else tokens, files
        )
    return properties
