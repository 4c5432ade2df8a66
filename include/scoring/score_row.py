"""The row of a score: what its fields are and mean, in one place.

Every form of a score is derived from these models: the Parquet file that COPY loads (`scores_schema`), the answers of
the API and their OpenAPI schema (`answer_model`), the columns of a scored CSV and those of the lead desk. Scorers work
column by column (`include.scoring.scores`) with the names of `Score`.
"""

from datetime import datetime
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict, Field, create_model
from typing_extensions import (
    TypedDict,  # Glue runs Python 3.11, where pydantic takes no other
)

from include.contract import Contract

if TYPE_CHECKING:
    import pyarrow as pa


class Reason(TypedDict):
    """Why a lead has its score: one column of the contract, and what the lead's own value of it does to the score."""

    field: Annotated[str, Field(description="column of the contract")]
    effect: Annotated[
        float,
        Field(
            description="on the model's scale before calibration; above 0 raises the score"
        ),
    ]
    text: Annotated[str, Field(description="the same in words")]


class Score(BaseModel):
    """What a champion says of one lead, without the lead's key, whose name is the contract's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            description="probability as a whole number from 0 to 100",
        ),
    ]
    probability: Annotated[
        float, Field(ge=0, le=1, description="that the lead converts")
    ]
    prediction: Annotated[
        Literal[0, 1], Field(description="1 from the model's threshold on")
    ]
    tier: Annotated[
        str, Field(description="of the probability, by the model's own limits")
    ]
    stage: Annotated[
        str, Field(description="scoring stage whose champion gave the score")
    ]
    model_version: Annotated[
        str, Field(description="version of that champion in the registry")
    ]
    reasons: Annotated[
        list[Reason] | None,
        Field(description="the strongest first; null without fast reasons"),
    ] = None


class StoredScore(Score):
    """A score as the warehouse holds it."""

    run_id: Annotated[str, Field(description="run that wrote the row")]
    scored_at: Annotated[
        datetime, Field(description="when the run scored, UTC")
    ]

    table_order: ClassVar[tuple[str, ...]] = (
        "score",
        "probability",
        "prediction",
        "tier",
        "reasons",
        "stage",
        "model_version",
        "run_id",
        "scored_at",
    )
    """After the key, as create_scores.sql has them: COPY reads Parquet by position."""


class ListedScore(BaseModel):
    """A score as the lead desk lists it: the newest one of an open lead, beside the one before."""

    score: int
    previous_score: int | None
    tier: str
    stage: str
    model_version: str
    reasons: list[Reason] | None


FIELDS = tuple(Score.model_fields)
"""Names of a score's columns, in the order of answers and of scored files; `reasons` are there if asked for."""
LISTED = tuple(ListedScore.model_fields)
NUMPY = {int: "int64", float: "float64"}


def answer_model(contract: Contract) -> type[BaseModel]:
    """Return the model of one prediction in an answer of the API: the lead's key under the contract's name, then Score.

    Its JSON schema is the OpenAPI schema of a prediction.
    """
    key = Annotated[
        str | None,
        Field(description="key of the lead; null where the caller gave none"),
    ]
    fields: dict[str, Any] = {contract.key: (key, ...)}
    for name, field in Score.model_fields.items():
        fields[name] = (field.annotation, field)
    return create_model("Prediction", **fields)


def scores_schema(contract: Contract) -> "pa.Schema":
    """Return columns and types of the table of scores, as Redshift's COPY reads them from Parquet."""
    import pyarrow as pa  # the scoring API goes without it

    arrow_types: dict[Any, pa.DataType] = {
        int: pa.int32(),
        float: pa.float64(),
        str: pa.string(),
        datetime: pa.timestamp("us"),
        list: pa.string(),  # reasons, as JSON
    }
    columns = [(contract.key, pa.string())]
    for name in StoredScore.table_order:
        columns.append((name, arrow_types[_plain_type(StoredScore, name)]))
    return pa.schema(columns)


def frame_type(name: str) -> Any:
    """Return the dtype that a column of scores has in a frame."""
    if name not in Score.model_fields:
        return object
    return NUMPY.get(_plain_type(Score, name), object)


def _plain_type(model: type[BaseModel], name: str) -> Any:
    """Return the Python type of a field's values: of literals and optional fields the type of what is there."""
    annotation = model.model_fields[name].annotation
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = [
            choice
            for choice in get_args(annotation)
            if choice is not type(None)
        ]
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    return get_origin(annotation) or annotation
