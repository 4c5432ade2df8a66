"""Check and store what the sales team says of a score, until `collect_feedback` reads it into the warehouse."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from include.feedback.errors import FeedbackRefusedError
from include.lake.layout import Layout
from include.lake.objects import write_text

Verdict = Literal["right", "too_high", "too_low"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Stage = Literal["capture", "engagement", "contact"]
"""The contract's `KnownAt`, spelled out for the OpenAPI document."""
NOT_BLANK = r"^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
NOT_NULL = r"^[^\x00]*$"
Outcome = Annotated[
    int,
    Field(ge=0, le=1),
    BeforeValidator(
        lambda value: (
            int(value)
            if isinstance(value, float) and value.is_integer()
            else value
        )
    ),
]
"""JSON calls 1.0 an integer too."""
MAX_PROBLEMS = 100


class FeedbackBody(BaseModel):
    """One word of one rep on one score."""

    # What this lets pass fits the table: no character has more than four bytes, and its widths are in bytes.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    lead: Annotated[
        str,
        Field(
            min_length=1,
            max_length=250,
            pattern=NOT_BLANK,
            description="key of the lead",
        ),
    ]
    rep: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            pattern=NOT_BLANK,
            description="who says so",
        ),
    ]
    verdict: Annotated[Verdict, Field(description="on the score")]
    model_version: Annotated[
        str, Field(pattern=r"^[0-9]{1,9}$", description="that gave the score")
    ]
    stage: Annotated[
        Stage | None,
        Field(
            description="of the score; null: found out from the batch scores, where they tell"
        ),
    ] = None
    outcome: Annotated[
        Outcome | None,
        Field(
            description="1: the lead converted, 0: it did not, null: not known yet"
        ),
    ] = None
    comment: Annotated[str, Field(max_length=1000, pattern=NOT_NULL)] = ""
    outcome_name: Annotated[
        str | None,
        Field(
            max_length=63,
            pattern=r"^[a-z][a-z0-9_]*$",
            description="outcome whose score is meant; null: the contract's first one",
        ),
    ] = None


Caller = Annotated[str | None, Field(min_length=1, max_length=64)]
"""Name of an API key; None in feedback of before callers were kept."""


class Feedback(FeedbackBody):
    """The same, when it was said, and by the caller with which API key."""

    given_at: AwareDatetime
    said_by: Caller = None

    @property
    def id(self) -> str:
        """Return an id of word, rep, caller and score: a replayed word changes nothing."""
        values: list[Any] = [
            self.lead,
            self.rep,
            self.verdict,
            self.model_version,
            self.outcome,
            self.comment,
        ]
        if self.stage:  # feedback of before there were stages keeps its id
            values.append(self.stage)
        if self.outcome_name:
            values.append({"outcome_name": self.outcome_name})
        if self.said_by:  # so that no caller can speak over what another said
            values.append({"said_by": self.said_by})
        return sha256(json.dumps(values).encode()).hexdigest()[:32]


class _Stored(FeedbackBody):
    """As an object holds it."""

    given_at: AwareDatetime
    said_by: Caller = None
    id: str


def said(
    content: Any,
    given_at: datetime,
    said_by: str | None = None,
    outcomes: Sequence[str] = (),
) -> Feedback:
    """Return the feedback in the content of a request or a form.

    Args:
        content: what was sent.
        given_at: when.
        said_by: the caller.
        outcomes: names of the contract's outcomes, the main one first.

    Raises:
        FeedbackRefusedError: a value is not as it must be, or no outcome has the name that is given.
    """
    try:
        body = FeedbackBody.model_validate(content)
        word = Feedback(**body.model_dump(), given_at=given_at, said_by=said_by)
    except ValidationError as error:
        raise _refused(error) from None
    if word.outcome_name is None or word.outcome_name in outcomes[1:]:
        return word
    if word.outcome_name in outcomes:
        return word.model_copy(update={"outcome_name": None})
    raise FeedbackRefusedError(
        {
            "field": "outcome_name",
            "reason": f"is none of {', '.join(outcomes)}",
        }
    )


def keep(feedback: Feedback, layout: Layout) -> str:
    """Store it as a JSON object named by its id, over an equal one, and return the id.

    Args:
        feedback: what `said` returned.
        layout: of the contract; what is said of another outcome than the main one goes to that outcome's folder.
    """
    content = feedback.model_dump() | {
        "id": feedback.id,
        "given_at": feedback.given_at.astimezone(UTC).isoformat(),
    }
    write_text(stored_at(feedback, layout), json.dumps(content) + "\n")
    return feedback.id


def stored_at(feedback: Feedback, layout: Layout) -> str:
    """Return the URI of the object that holds the feedback."""
    own = layout.for_outcome(feedback.outcome_name or "")
    return f"{own.feedback}{feedback.id}.json"


def parse(text: str) -> Feedback:
    """Return the feedback in an object's text, as `keep` wrote it.

    Raises:
        FeedbackRefusedError: the text is anything else, or says something else than its id.
    """
    try:
        stored = _Stored.model_validate_json(text)
    except ValidationError as error:
        raise _refused(error) from None
    feedback = Feedback(**stored.model_dump(exclude={"id"}))
    if feedback.id != stored.id:
        raise FeedbackRefusedError(
            {"field": "id", "reason": "is not that of what it says"}
        )
    return feedback


def _refused(error: ValidationError) -> FeedbackRefusedError:
    errors = error.errors(
        include_url=False, include_input=False, include_context=False
    )
    return FeedbackRefusedError(*map(_problem, errors[:MAX_PROBLEMS]))


def _problem(error: Mapping[str, Any]) -> dict[str, str]:
    return {
        "field": ".".join(map(str, error["loc"])) or "body",
        "reason": error["msg"],
    }
