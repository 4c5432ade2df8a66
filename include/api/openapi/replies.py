"""Declare the replies of the API as models, from which the OpenAPI document takes its schemas."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import SkipJsonSchema, models_json_schema

from include.contract import Contract
from include.contract.derived.shown import EXPECTED_VALUE, further_outcomes
from include.feedback.verdicts import FeedbackBody
from include.scoring.leads.names import LISTED
from include.scoring.outcomes import OUTCOMES
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


class OneLeadFacts(BaseModel):
    """Say what one lead was put together from; of leads that came with their fields nothing of this is there."""

    features_from: Annotated[
        Literal["events", "last_run"] | SkipJsonSchema[None],
        Field(description="the events of the request, or the last run"),
    ] = None
    as_of: Annotated[
        str | SkipJsonSchema[None],
        Field(description="moment of the features, in UTC"),
    ] = None
    events_used: Annotated[
        dict[str, int] | SkipJsonSchema[None],
        Field(description="source to the number of events that counted"),
    ] = None
    events_after_as_of: Annotated[
        int | SkipJsonSchema[None],
        Field(
            description="had not occurred or arrived by then; they count for nothing"
        ),
    ] = None
    events_repeated: Annotated[
        int | SkipJsonSchema[None],
        Field(description="sent twice; the first arrival counts"),
    ] = None
    rates_as_of: Annotated[
        str | None,
        Field(
            description="moment of the last run, whose counts of outcomes the historical rates are made of; null "
            "before the first run"
        ),
    ] = None
    rates_missing: Annotated[
        list[str] | SkipJsonSchema[None],
        Field(
            description="historical rates that no run has published counts of; they are missing"
        ),
    ] = None


def _with_expected_value(prediction: type[BaseModel]) -> type[BaseModel]:
    """Return the model of a main outcome's prediction where the contract says what a lead is worth."""
    described: Any = Field(
        description="the probabilities of all outcomes times the lead's value; null for a lead without a value, and "
        "while an outcome has no champion"
    )
    fields: Any = {EXPECTED_VALUE: (float | None, described)}
    return create_model("PredictionOfValue", __base__=prediction, **fields)


def _further_scores(prediction: type[BaseModel]) -> tuple[Any, Any]:
    """Return type and field of the scores of outcomes beside the main one."""
    scores = create_model(
        "OutcomeScores",
        versions=(dict[str, str], ...),
        predictions=(list[prediction], ...),  # type: ignore[valid-type]
    )
    described: Any = Field(
        default_factory=dict,
        description="outcome to its scores, for the outcomes beside the main one that have a champion; the probability "
        "of one that depends on another is given that the other happens",
    )
    by_outcome: Any = dict[str, scores]
    return by_outcome, described


def reply_schemas(contract: Contract) -> dict[str, Any]:
    """Return name to JSON schema of every model that the API takes or returns, a lead aside."""
    prediction = answer_model(contract)
    further: dict[str, Any] = {}
    if further_outcomes(contract):
        further[OUTCOMES] = _further_scores(prediction)
    if contract.value is not None:
        prediction = _with_expected_value(prediction)
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
        __base__=OneLeadFacts if contract.unify else None,
        **further,
    )
    models: list[type[BaseModel]] = [
        scores,
        Status,
        FeedbackReply,
        FeedbackBody,
        Error,
    ]
    _, schemas = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, Any] = schemas["$defs"]
    body = definitions["FeedbackBody"]["properties"]["outcome_name"]
    names = {"type": "string", "enum": list(contract.labels)}
    body["anyOf"] = [names, {"type": "null"}]
    return definitions
