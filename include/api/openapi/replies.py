"""Declare the replies of the API as models, from which the OpenAPI document takes its schemas."""

from typing import Any, Literal

from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import SkipJsonSchema, models_json_schema

from include.contract import Contract
from include.feedback.verdicts import FeedbackBody
from include.scoring.leads.names import LISTED
from include.scoring.score_row import answer_model


class Status(BaseModel):
    """Say that the process answers."""

    status: str


class FeedbackReply(BaseModel):
    """Name the stored feedback, and say whether it was stored by an earlier request."""

    id: str
    kept: Literal["now", "before"]


class Problem(BaseModel):
    """Name one refused value."""

    row: int | SkipJsonSchema[None] = None
    field: str | SkipJsonSchema[None] = None
    reason: str | SkipJsonSchema[None] = None


class Error(BaseModel):
    """Say why a request is refused."""

    error: str
    request_id: str
    problems: list[Problem] | SkipJsonSchema[None] = None
    ignored_fields: list[str] | SkipJsonSchema[None] = None


def reply_schemas(contract: Contract) -> dict[str, Any]:
    """Return name to JSON schema of every model that the API takes or returns, a lead aside."""
    prediction = answer_model(contract)
    scores = create_model(
        "Scores",
        versions=(dict[str, str], ...),
        predictions=(list[prediction], ...),  # type: ignore[valid-type]
        ignored_fields=(
            list[str],
            Field(
                description=f"names that mean no column, the first {LISTED} in order"
            ),
        ),
        ignored_fields_count=(int, Field(description="how many there are")),
        blank_rows=(
            int,
            Field(description="rows of a CSV without a value; no leads"),
        ),
    )
    models = (scores, Status, FeedbackReply, FeedbackBody, Error)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, Any] = schemas["$defs"]
    return definitions
