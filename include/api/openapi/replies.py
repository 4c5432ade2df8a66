"""Declare the replies of the API as models, from which the OpenAPI document takes its schemas."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import SkipJsonSchema, models_json_schema

from include.contract import Contract
from include.feedback.verdicts import FeedbackBody


class Reason(BaseModel):
    """Say what raised or lowered a score."""

    field: str
    effect: float
    text: str


class Prediction(BaseModel):
    """Score one lead; the model of an application adds the contract's key."""

    score: Annotated[int, Field(ge=0, le=100)]
    probability: Annotated[float, Field(ge=0, le=1)]
    prediction: Literal[0, 1]
    tier: str
    stage: str
    model_version: str
    reasons: list[Reason] | None = None


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


def prediction_model(contract: Contract) -> type[BaseModel]:
    """Return the model of a prediction, with the contract's key as a field."""
    key: Any = (str | None, ...)
    return create_model("Prediction", __base__=Prediction, **{contract.key: key})


def reply_schemas(contract: Contract) -> dict[str, Any]:
    """Return name to JSON schema of every model that the API takes or returns, a lead aside."""
    prediction = prediction_model(contract)
    scores = create_model(
        "Scores",
        versions=(dict[str, str], ...),
        predictions=(list[prediction], ...),  # type: ignore[valid-type]
    )
    models = (scores, Status, FeedbackReply, FeedbackBody, Error)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, Any] = schemas["$defs"]
    return definitions
