"""POST /feedback: what a rep says of a score, checked and kept once."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from flask import Response, jsonify, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from include.lake.layout import Layout
from include.lake.objects import list_objects
from include.serving.bodies import UnreadableBody
from include.serving.errors import Answer, problem
from include.serving.feedback import Feedback, Verdict, keep
from include.serving.scoring import contract
from include.settings import settings

NOT_BLANK = r"^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
Short = Annotated[str, Field(min_length=1, max_length=64, pattern=NOT_BLANK)]
Outcome = Annotated[
    int,
    Field(ge=0, le=1),
    BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value),
]
"""JSON calls 1.0 an integer too."""
MAX_FEEDBACK_BYTES = 64 * 1024


class FeedbackBody(BaseModel):
    """One word of one rep on one score."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    lead: Annotated[str, Field(min_length=1, max_length=250, pattern=NOT_BLANK, description="key of the lead")]
    rep: Annotated[Short, Field(description="who says so")]
    verdict: Annotated[Verdict, Field(description="on the score")]
    model_version: Annotated[str, Field(pattern=r"^[0-9]{1,9}$", description="that gave the score")]
    outcome: Annotated[
        Outcome | None, Field(description="1: the lead converted, 0: it did not, null: not known yet")
    ] = None
    comment: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""


def feedback() -> Response | Answer:
    """201 when it is kept, 200 when the same word has been kept before, 422 naming field and reason."""
    if request.mimetype != "application/json":
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send application/json, not {request.mimetype or 'nothing'}")
    request.max_content_length = MAX_FEEDBACK_BYTES
    try:
        said = FeedbackBody.model_validate_json(request.get_data())
    except ValidationError as error:
        return _refused(error)
    given = Feedback(**said.model_dump(), given_at=datetime.now(UTC))
    layout = Layout(settings(), contract())
    if list_objects(f"{layout.feedback}{given.id}.json"):
        return jsonify(id=given.id, kept="before"), HTTPStatus.OK
    return jsonify(id=keep(given, layout), kept="now"), HTTPStatus.CREATED


def _refused(error: ValidationError) -> Answer:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        raise UnreadableBody(f"not JSON: {found[0]['msg'].removeprefix('Invalid JSON: ')}")
    problems: list[dict[str, Any]] = [
        {"field": ".".join(map(str, one["loc"])) or "body", "reason": one["msg"]} for one in found
    ]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{len(problems)} value(s) refused", problems=problems)
