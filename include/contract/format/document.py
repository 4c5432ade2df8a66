"""What a person writes in a contract of format 2: the typed model of the YAML file.

Only `name` and `type` are required of a column; what is left out follows from them (`include.contract.format.compile`,
which makes the `Contract` that the rest of the project reads).
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from include.contract.format.features import Events, Features, Span
from include.contract.format.identity import IdentityDocument
from include.contract.model import Files, Identifier, KnownAt, SqlName


def _as_text(value: object) -> object:
    """Return a whole number of YAML as the text that a file would hold; anything else as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
"""A level, a header or a token: text that is not empty. A whole number may stand without quotes."""
Token = Annotated[str, BeforeValidator(_as_text)]

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def _sign(delimiter: object) -> object:
    """Return the sign that a word such as semicolon stands for; anything else as it is."""
    if isinstance(delimiter, str):
        return DELIMITERS.get(delimiter, delimiter)
    return delimiter


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FilesDocument(Files):
    """How the files of leads are written (`files:`), with words for delimiters."""

    delimiter: Annotated[str, BeforeValidator(_sign)] = Field(
        ",",
        min_length=1,
        max_length=1,
        description="sign between two cells: one character, or one of the words comma, semicolon, tab and pipe",
    )
    null_tokens: tuple[Token, ...] | None = Field(
        None,
        description="cells that mean missing, compared exactly after trimming; the default is what spreadsheets and "
        "databases write, such as NA and NULL",
    )


class KeyDocument(_Strict):
    """What identifies a lead (`key:`), where it is not one column."""

    columns: tuple[Text, ...] = Field(
        (), description="headers or fields that identify a lead together"
    )
    row: bool = Field(
        False,
        description="true: nothing does; a digest of the row's cells and a number for repeated rows take its "
        "place",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.row == bool(self.columns):
            raise ValueError("write either 'columns: [...]' or 'row: true'")
        return self


class ClockDocument(_Strict):
    """What says in which order leads came (`clock:`), where no column does."""

    row: Literal[True] = Field(
        description="true: the order of the rows in the file, and of the files by when they were written"
    )


class OutcomeDocument(_Strict):
    """An outcome that is predicted (an entry of `outcomes:`)."""

    name: SqlName = Field(
        description="what it is called in the warehouse, such as converted"
    )
    column: Text = Field(
        description="header of the column that holds it; empty cells are leads whose outcome is open"
    )
    positive: tuple[Text, ...] = Field(
        (), description="cells that mean that it happened; without them 1"
    )
    negative: tuple[Text, ...] = Field(
        (), description="cells that mean that it did not; without them 0"
    )
    source: Identifier | None = Field(
        None,
        description="name of the source that holds the column; without it the leads' own. The last row to occur counts",
    )
    label: str = Field("", description="what a sales rep calls it")
    description: str = ""
    within_days: float | None = Field(
        None,
        gt=0,
        description="an outcome is final so many days after the lead arrived; sets decisions.label_maturity_days",
    )
    final: bool = Field(
        False,
        description="true: whatever stands in a file is final; sets decisions.label_maturity_days to 0",
    )

    given: SqlName | None = Field(
        None,
        description="name of an outcome listed before: only a lead of which that one happened can have this one, as an "
        "application is approved only of a lead that applied; the probability is that of such leads",
    )
    decisions: dict[str, Any] = Field(
        {},
        description="what the business decides of this outcome alone, with the keys of the contract's `decisions`",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.final and self.within_days is not None:
            raise ValueError("write 'final' or 'within_days', not both")
        return self


class ColumnDocument(_Strict):
    """One column of a file (an entry of `columns:`)."""

    name: Text = Field(description="header in the file")
    type: Literal[
        "string",
        "integer",
        "number",
        "category",
        "ordinal",
        "boolean",
        "yes_no",
        "date",
        "timestamp",
    ] = Field(
        description="category: text with repeating levels; string: free text, which no model sees; boolean: two "
        "tokens; yes_no: a boolean of exactly Yes and No"
    )
    field: SqlName | None = Field(
        None, description="name in the warehouse; derived from the header"
    )
    label: str = Field(
        "", description="what a sales rep calls it; derived from the header"
    )
    description: str = ""
    known_at: KnownAt = Field(
        KnownAt.CONTACT,
        description="the moment from which the value is known: capture, engagement, contact, or outcome for what is "
        "known only afterwards and never helps to predict",
    )
    because: str = Field(
        "", description="one line: why it becomes known at that moment"
    )
    unit: str = ""
    allowed: tuple[Text, ...] = Field(
        (),
        description="known levels of a category; others are loaded and counted",
    )
    groups: dict[Text, tuple[Text, ...]] = Field(
        {}, description="group name to the levels that count as one"
    )
    order: tuple[Text, ...] = Field(
        (), description="levels of an ordinal column, lowest first"
    )
    minimum: float | None = Field(
        None, description="a smaller value sends the row to quarantine"
    )
    maximum: float | None = Field(
        None, description="a larger value sends the row to quarantine"
    )
    symbols: tuple[Text, ...] = Field(
        (),
        description="signs around a number that mean nothing, such as % or EUR",
    )
    positive: tuple[Text, ...] = Field(
        (), description="cells of a boolean that mean yes"
    )
    negative: tuple[Text, ...] = Field(
        (), description="cells of a boolean that mean no"
    )
    null_tokens: tuple[Token, ...] | None = Field(
        None,
        description="cells of this column that mean missing, in place of those of `files`",
    )
    aliases: tuple[Text, ...] = Field(
        (), description="other headers that mean this column"
    )
    optional: bool = Field(
        False,
        description="a file may lack the column; its cells are missing then",
    )
    explain: bool = Field(
        True,
        description="false: reasons never show it, as with personal data; it counts anyway",
    )
    near_constant: bool = Field(
        False, description="kept in the table, and no model sees it"
    )
    seasonal: bool = Field(
        False,
        description="it moves by the calendar: drift says so and starts no retrain",
    )
    slow: bool = Field(
        False,
        description="it may stay the same for a whole window: that is no outage",
    )


class GateDocument(_Strict):
    """What a source's files must hold, or the source is left out of a load (`gate:`)."""

    min_rows: int = Field(
        1,
        ge=1,
        description="with fewer rows it is refused; a source of leads stops the load then",
    )
    max_quarantined_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="largest share of quarantined rows; without it `decisions.max_quarantined_share`. That of the "
        "leads stands there only",
    )
    max_unmatched_share: float = Field(
        0.9,
        ge=0,
        le=1,
        description="largest share of rows that belong to no lead, judged from 20 rows on",
    )


class SourceDocument(_Strict):
    """A system's files (an entry of `sources:`)."""

    name: Identifier = Field(
        description="what identity, features and outcomes call it"
    )
    role: Literal["leads", "events", "outcomes"] = Field(
        description="leads: each row is a state of a lead, from occurred_at on; events: what happened to it; outcomes: "
        "what became of it. One source has the role leads"
    )
    prefix: str = Field(
        pattern=r"^([A-Za-z0-9_-]+/)+$",
        description="folder below the contract's raw files, such as crm/leads/; no other source lies inside it",
    )
    files: FilesDocument | None = Field(
        None,
        description="how its files are written; without it as the contract's `files` says",
    )
    key: Text | None = Field(
        None,
        description="column that identifies a row: of rows with the same key the first to arrive counts. Without it "
        "rows whose cells are all the same are one row",
    )
    lead: Text | None = Field(
        None,
        description="column that holds the lead's key, where the contract has no `identity`",
    )
    columns: tuple[ColumnDocument, ...] = Field(
        (),
        description="its columns; a source of leads has those of the contract as well",
    )
    occurred_at: Text = Field(
        description="column that says when a row's content became true"
    )
    arrived_at: Text | None = Field(
        None,
        description="column that says when the row reached us; without it, or if it says later, the time of the file",
    )
    late_after: Span | None = Field(
        None,
        description="a source whose last row is so much older than that of the newest source is named as late",
    )
    expected_every: Span | None = Field(
        None,
        description="how often a file of it comes, with some time to spare; a source without a newer file is named as "
        "late",
    )
    gate: GateDocument = GateDocument()


class StagesDocument(_Strict):
    """The moments at which leads are scored (`stages:`)."""

    capture: Span | None = Field(
        None,
        description="so long after its first row has reached us; without it at once",
    )
    engagement: Span | Events = Field(
        "7 days",
        description="so long after the creation, or the first of some events: {source: ..., where: {...}}",
    )
    contact: Span | Events = Field("14 days", description="likewise")


class ContractDocument(_Strict):
    """A contract of format 2."""

    format: Literal[2]
    contract: Identifier = Field(description="name of the data set")
    version: int = Field(
        1, ge=1, description="version of the content; raise it with each change"
    )
    description: str = ""
    names: dict[str, str] = Field(
        {},
        description="what tables, model, experiment and prefix are called, where the names that follow from the "
        "contract's name are not wanted",
    )
    files: FilesDocument = FilesDocument()
    key: Text | KeyDocument = Field(
        description="header or field that identifies a lead, {columns: [...]} or {row: true}"
    )
    clock: Text | ClockDocument = Field(
        description="header or field that grows with a lead's arrival (a date, a moment or a number), or {row: true}"
    )
    changed_at: Text | None = Field(
        None,
        description="header or field that says when a row was last changed; without it the time of the file decides",
    )
    outcomes: tuple[OutcomeDocument, ...] = Field(
        min_length=1,
        description="what is predicted, the main outcome first",
    )
    value: Text | None = Field(
        None,
        description="header or field of a number: what a lead is worth where it has all outcomes. With it the desk "
        "puts the highest expected value first: the outcomes' probabilities times it",
    )
    sources: tuple[SourceDocument, ...] = Field(
        (),
        description="the systems' files, where leads are put together from several; `clock` is the creation then",
    )
    identity: IdentityDocument | None = Field(
        None, description="which records of several systems are one person"
    )
    stages: StagesDocument = StagesDocument()
    features: Features = Field(
        (),
        description="columns that are computed from the sources, each as of a stage's moment",
    )
    decisions: dict[str, Any] = Field(
        {},
        description="what the business decides; every key has a default (docs/settings.md)",
    )
    columns: tuple[ColumnDocument, ...] = Field(min_length=1)
