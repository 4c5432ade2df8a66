"""What a lead is: the typed model behind every contract YAML file."""

import codecs
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from include.contract.errors import ContractError
from include.contract.reserved import not_reserved
from include.contract.segments import check_segments
from include.decisions import Decisions

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
SqlName = Annotated[Identifier, AfterValidator(not_reserved)]
"""Name of a table or a column in the warehouse."""
Text = Annotated[str, StringConstraints(min_length=1)]

DEFAULT_NULL_TOKENS = (
    "",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "<NA>",
    "NULL",
    "null",
    "None",
    "NaN",
    "nan",
    "-",
    "(blank)",
)
"""What spreadsheets, databases and programs write for a missing value. A contract that has one of them as a level, such
as NA for Namibia, names its own."""


class KnownAt(StrEnum):
    """When a column's value becomes known, in the order of a lead's life.

    The first three are stages too, at which a lead is scored. What is known with the outcome only never helps to
    predict it.
    """

    CAPTURE = "capture"
    ENGAGEMENT = "engagement"
    CONTACT = "contact"
    OUTCOME = "outcome"

    def visible_at(self, stage: "KnownAt") -> bool:
        """Return whether a column known at this moment may be used to score a lead at `stage`."""
        order = list(KnownAt)
        return order.index(self) <= order.index(stage)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


SCORING_STAGES = (KnownAt.CAPTURE, KnownAt.ENGAGEMENT, KnownAt.CONTACT)
"""The moments at which a lead is scored, earliest first."""


LABEL_TYPE = ("integer", 0, 1)
"""Type, minimum and maximum of a column that holds an outcome."""


class Files(_Strict):
    """How the files of leads are written."""

    format: Literal["csv", "parquet", "json_lines"] = Field(
        "csv",
        description="csv, parquet, or json_lines: one object in each line. Each may be packed by gzip",
    )
    delimiter: str = Field(
        ",",
        min_length=1,
        max_length=1,
        description='sign between two cells of a CSV file; a tab is written "\\t"',
    )
    quote: Literal['"', "'"] = Field(
        '"', description="sign around a cell that holds the delimiter"
    )
    encoding: str = Field(
        "utf-8",
        description="utf-8, utf-16, latin-1, windows-1252 or another one that Python knows",
    )
    decimal: Literal[".", ","] = Field(
        ".", description="decimal mark of numbers"
    )
    thousands: Literal["", ",", ".", "'", " "] = Field(
        "", description="mark between thousands; empty for none"
    )
    date_formats: tuple[Text, ...] = Field(
        (),
        description="how dates and moments are written, as in Python's strptime (%d.%m.%Y), or epoch for seconds since "
        "1970; ISO 8601 is always understood",
    )
    time_zone: str = Field(
        "UTC",
        description="time zone of moments that do not name theirs, such as Europe/Berlin",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise ValueError(
                f"'encoding' is {self.encoding!r}, which Python does not know; write utf-8, utf-16, latin-1 or "
                "windows-1252"
            ) from None
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(
                f"'time_zone' is {self.time_zone!r}, which is no time zone; write one such as Europe/Berlin"
            ) from None
        if self.decimal == self.thousands:
            raise ValueError(
                f"'decimal' and 'thousands' are both {self.decimal!r}"
            )
        return self


class Column(_Strict):
    """One column: how it is written in the source, stored in the warehouse and used by the model."""

    name: Text = Field(description="header in the source file")
    field: SqlName = Field(
        description="snake_case name in Parquet, warehouse and model"
    )
    type: Literal[
        "string",
        "integer",
        "number",
        "category",
        "ordinal",
        "yes_no",
        "date",
        "timestamp",
    ]
    label: Text = Field(description="what a sales rep calls it")
    description: Text
    known_at: KnownAt
    because: Text = Field(
        description="one line: why it becomes known at that moment"
    )
    unit: str = ""
    allowed: tuple[Text, ...] = Field(
        (), description="known levels; others are counted as new, not rejected"
    )
    groups: dict[Text, tuple[Text, ...]] = Field(
        {}, description="group name to the levels it holds"
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
    explain: bool = Field(
        True,
        description="whether the reasons of a score may show the column; it counts anyway",
    )
    near_constant: bool = Field(
        False,
        description="one level covers 99 % or more: kept in the table, not a feature",
    )
    seasonal: bool = Field(
        False,
        description="its levels or values come and go with the calendar: that they differ is reported, and neither "
        "starts a retrain nor is an outage",
    )
    slow: bool = Field(
        False,
        description="its value may stay the same for a whole window, as an interest rate does: that is no outage",
    )
    protected: bool = Field(
        False,
        description="never a feature, and always a segment of the reports: models are compared by its levels",
    )
    aliases: tuple[Text, ...] = Field(
        (), description="other headers that mean this column"
    )
    optional: bool = Field(
        False,
        description="a file may lack the column; its cells are missing then",
    )
    null_tokens: tuple[str, ...] | None = Field(
        None,
        description="cells of this column that mean missing, in place of the contract's",
    )
    positive: tuple[Text, ...] = Field(
        (),
        description="cells of a yes_no column that mean Yes, or of the outcome that mean 1; empty: Yes, or 1",
    )
    negative: tuple[Text, ...] = Field(
        (), description="cells that mean No, or 0; empty: No, or 0"
    )
    symbols: tuple[Text, ...] = Field(
        (),
        description="signs around a number that mean nothing, such as % or EUR",
    )
    sentences: dict[str, str] = Field(
        {},
        description="what a reason says in place of label and value: `value`, and `zero`, `one` and `missing` where "
        "those differ; {value} stands for the value",
    )
    derived: Literal["", "joined_key", "row_key", "row_number"] = Field(
        "",
        description="how ingestion makes a column that no file has: the texts of the key's columns; a digest of the "
        "row's cells and a number for repeated rows; the order of the rows",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.type == "ordinal") != bool(self.order):
            raise ValueError(
                "'order' belongs to columns of type ordinal, and they need it"
            )
        if self.allowed and self.type != "category":
            raise ValueError("'allowed' belongs to columns of type category")
        if self.groups and self.type != "category":
            raise ValueError("'groups' belongs to columns of type category")
        for key, levels in (
            ("allowed", self.allowed),
            ("order", self.order),
            ("groups", self.group_levels),
        ):
            if len(levels) != len(set(levels)):
                raise ValueError(f"'{key}' names a level twice")
        unlisted = sorted(set(self.group_levels) - set(self.allowed))
        if self.allowed and unlisted:
            raise ValueError(
                f"'groups' names levels that 'allowed' does not: {', '.join(unlisted)}"
            )
        if (
            self.minimum is not None or self.maximum is not None
        ) and self.type not in ("integer", "number"):
            raise ValueError(
                "'minimum' and 'maximum' belong to numeric columns"
            )
        if (
            self.minimum is not None
            and self.maximum is not None
            and self.minimum > self.maximum
        ):
            raise ValueError("'minimum' is above 'maximum'")
        self._check_tokens()
        return self

    def _check_tokens(self) -> None:
        """Raise ValueError where a cell could mean both outcomes, or only one of the two is described."""
        if bool(self.positive) != bool(self.negative):
            raise ValueError("'positive' and 'negative' belong together")
        both = sorted(set(self.positive) & set(self.negative))
        if both:
            raise ValueError(
                f"{', '.join(both)} stands in 'positive' and in 'negative'"
            )
        if self.positive and self.type not in ("yes_no", "integer"):
            raise ValueError(
                "'positive' and 'negative' belong to yes_no columns and to the outcome"
            )
        if self.symbols and not self.numeric:
            raise ValueError("'symbols' belongs to numeric columns")

    @property
    def group_levels(self) -> tuple[str, ...]:
        """Return the levels of all groups, one after the other."""
        grouped: list[str] = []
        for levels in self.groups.values():
            grouped += levels
        return tuple(grouped)

    @property
    def numeric(self) -> bool:
        """Return whether values are numbers (type integer or number)."""
        return self.type in ("integer", "number")

    @property
    def temporal(self) -> bool:
        """Return whether values are dates or moments."""
        return self.type in ("date", "timestamp")


class Names(_Strict):
    """What the data set is called where it is stored, modelled and served."""

    table: SqlName
    scores_table: SqlName
    drift_table: SqlName
    promotions_table: SqlName
    feedback_table: SqlName
    model: Text = Field(
        description="registered model of the contact stage; others get the suffix -<stage>"
    )
    experiment: Text = Field(description="MLflow experiment")
    prefix: str = Field(
        "",
        pattern=r"^([a-z0-9_-]+/)*$",
        description="S3 prefix before every other one; '' or 'x/'",
    )


class Outcome(_Strict):
    """One of several outcomes of a contract: what its models, scores and decisions are called and are."""

    field: Identifier = Field(description="field that holds it, 0, 1 or empty")
    given: Identifier | None = Field(
        None,
        description="field of the outcome that comes before: only a lead of which that one is 1 can have this one",
    )
    names: Names
    decisions: Decisions


class Contract(_Strict):
    """A whole data set: names, columns, and which of them are key, label and clock."""

    contract: Identifier
    version: int = Field(ge=1)
    description: Text
    names: Names
    files: Files = Field(
        Files(), description="how the files of leads are written"
    )
    null_tokens: tuple[str, ...] = Field(
        DEFAULT_NULL_TOKENS,
        description="cells that mean missing, after trimming; compared exactly",
    )
    key: Identifier = Field(description="field that identifies a lead")
    key_columns: tuple[Identifier, ...] = Field(
        (),
        description="fields whose texts make the key, where the key's column is derived as `joined_key`",
    )
    label: Identifier = Field(
        description="field that holds the outcome, 0 or 1, empty while the lead is open"
    )
    clock: Identifier = Field(
        description="field that grows with the lead's arrival"
    )
    changed_at: Identifier | None = Field(
        None,
        description="field that says when a row was last changed: a number that grows with each change, or a string "
        "column with ISO 8601 dates or moments. Without it the time of the row's file decides which row is newer",
    )
    value: Identifier | None = Field(
        None,
        description="field of a number: what a lead is worth where it has all outcomes. With it the desk puts the "
        "highest expected value first",
    )
    segments: tuple[Identifier, ...] | None = Field(
        None,
        description="fields by whose levels models are compared, besides the protected ones; without it the categories "
        "known at capture",
    )
    decisions: Decisions = Field(
        Decisions(),
        description="what the business decides about this data set; a field that is left out has its default",
    )
    columns: tuple[Column, ...] = Field(min_length=3)
    outcomes: tuple[Outcome, ...] = Field(
        (),
        description="all outcomes where there is more than one, the main one first; `label`, `names` and `decisions` "
        "are those of one of them",
    )
    unify: dict[str, Any] = Field(
        {},
        description="how leads are put together from several sources, as `include.contract.format.unification` "
        "compiles it; empty where they come from one",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for attribute in ("name", "field"):
            values = [getattr(column, attribute) for column in self.columns]
            repeated = sorted(
                {value for value in values if values.count(value) > 1}
            )
            if repeated:
                raise ValueError(
                    f"two columns share the {attribute} {', '.join(repeated)}"
                )
        self._check_aliases()
        fields = {column.field for column in self.columns}
        for role in ("key", "label", "clock"):
            if getattr(self, role) not in fields:
                raise ValueError(
                    f"'{role}' names {getattr(self, role)!r}, which is not a column"
                )
        if len({self.key, self.label, self.clock}) < 3:
            raise ValueError(
                "'key', 'label' and 'clock' must be three different columns"
            )
        clock = self.column(self.clock)
        if not clock.numeric and not clock.temporal:
            raise ValueError(
                f"'clock' must be a column of numbers, dates or moments, and {clock.name!r} is {clock.type}"
            )
        label = self.column(self.label)
        if (label.type, label.minimum, label.maximum) != LABEL_TYPE:
            raise ValueError(
                "'label' must be an integer column with minimum 0 and maximum 1"
            )
        self._check_changed_at()
        self._check_derived()
        self._check_outcomes()
        self._check_value()
        check_segments(self.segments or (), self.columns, self.roles)
        return self

    @model_validator(mode="after")
    def _no_level_is_missing(self) -> Self:
        for column in self.columns:
            levels = {
                *column.allowed,
                *column.order,
                *column.group_levels,
                *column.positive,
                *column.negative,
            }
            tokens = self.null_tokens_of(column)
            missing_levels = sorted(levels.intersection(tokens))
            if missing_levels:
                raise ValueError(
                    f"'null_tokens' has {', '.join(missing_levels)}, which is a level of {column.name}; "
                    "name the contract's own null_tokens without it"
                )
        return self

    def _check_derived(self) -> None:
        """Raise ValueError where a derived column has another role, or lacks what it is made of."""
        for column in self.columns:
            if column.derived == "row_number" and column.field != self.clock:
                raise ValueError(
                    f"column {column.name!r} is derived as row_number and is not the clock"
                )
            if (
                column.derived in ("joined_key", "row_key")
                and column.field != self.key
            ):
                raise ValueError(
                    f"column {column.name!r} is derived as {column.derived} and is not the key"
                )
        joined = self.column(self.key).derived == "joined_key"
        if joined != bool(self.key_columns):
            raise ValueError(
                "'key_columns' belongs to a key that is derived as joined_key, which needs it"
            )
        unknown = sorted(set(self.key_columns) - set(self.fields))
        if unknown:
            raise ValueError(
                f"'key_columns' names {', '.join(unknown)}, which is not a column"
            )

    def _check_outcomes(self) -> None:
        """Raise ValueError where outcomes are not columns of 0 and 1, or one depends on itself."""
        fields = [outcome.field for outcome in self.outcomes]
        for number, outcome in enumerate(self.outcomes):
            if outcome.field not in self.fields:
                raise ValueError(
                    f"'outcomes' names {outcome.field!r}, which is not a column"
                )
            column = self.column(outcome.field)
            if (column.type, column.minimum, column.maximum) != LABEL_TYPE:
                raise ValueError(
                    f"the outcome {outcome.field!r} must be an integer column with minimum 0 and maximum 1"
                )
            if column.known_at is not KnownAt.OUTCOME:
                raise ValueError(
                    f"of several outcomes each is 'known_at: outcome', and {outcome.field!r} is {column.known_at}"
                )
            if outcome.given is not None and (
                outcome.given not in fields[:number]
            ):
                raise ValueError(
                    f"'given' of the outcome {outcome.field!r} names {outcome.given!r}, which is no outcome listed "
                    f"before it; those are {', '.join(fields[:number]) or '(none)'}"
                )
        self._check_moments(fields)
        if fields and self.label not in fields:
            raise ValueError(
                f"'label' is {self.label!r}, which is not among the 'outcomes'"
            )

    def _check_value(self) -> None:
        """Raise ValueError where what a lead is worth is no number, or is known only after the outcome."""
        if self.value is None:
            return
        if self.value not in self.fields:
            raise ValueError(
                f"'value' names {self.value!r}, which is not a column"
            )
        column = self.column(self.value)
        if not column.numeric or column.known_at is KnownAt.OUTCOME:
            raise ValueError(
                f"'value' must be a column of numbers that is known before the outcome, and {column.name!r} is "
                f"{column.type}, known at {column.known_at}"
            )
        for before, outcome in pairwise(self.outcomes):
            if outcome.given != before.field:
                raise ValueError(
                    f"with 'value' each outcome needs 'given' with the one listed before it, so that probabilities may "
                    f"be multiplied; write 'given: {before.field}' at {outcome.field!r}"
                )

    def _check_moments(self, outcomes: list[str]) -> None:
        """Raise ValueError where a column has the name of the moment at which an outcome was first known."""
        for outcome in outcomes[1:]:
            for field in self.fields:
                if field.startswith(f"{outcome}_label_"):
                    raise ValueError(
                        f"the column {field!r} would share the name of a moment of the outcome {outcome!r}; give it "
                        "another field"
                    )

    def _check_aliases(self) -> None:
        """Raise ValueError where one header would mean two columns."""
        owner: dict[str, str] = {}
        for column in self.columns:
            for heading in {column.name, column.field, *column.aliases}:
                other = owner.setdefault(heading, column.field)
                if other != column.field:
                    raise ValueError(
                        f"the header {heading!r} means the columns {other} and {column.field}"
                    )

    def _check_changed_at(self) -> None:
        """Raise ValueError where two values of `changed_at` could not be compared."""
        if self.changed_at is None:
            return
        if self.changed_at not in self.fields:
            raise ValueError(
                f"'changed_at' names {self.changed_at!r}, which is not a column"
            )
        if self.changed_at in (self.key, self.label, self.clock):
            raise ValueError(
                "'changed_at' must be another column than 'key', 'label' and 'clock'"
            )
        column = self.column(self.changed_at)
        kinds = ("string", "integer", "number", "date", "timestamp")
        if column.type not in kinds:
            raise ValueError(
                f"'changed_at' must be a column of numbers, dates or moments, or one of type string, and "
                f"{column.name!r} is {column.type}"
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the field of every outcome, the main one first."""
        if not self.outcomes:
            return (self.label,)
        return tuple(outcome.field for outcome in self.outcomes)

    @property
    def outcome(self) -> str:
        """Return the outcome that the contract is a view of, "" for the main one."""
        return "" if self.label == self.labels[0] else self.label

    @property
    def given(self) -> str | None:
        """Return the outcome that a lead must have before it can have the label, None where there is none."""
        for outcome in self.outcomes:
            if outcome.field == self.label:
                return outcome.given
        return None

    def for_outcome(self, name: str = "") -> Self:
        """Return the contract as everything that works for one outcome sees it.

        Key, clock, columns, features and the table of leads are the same. The label, the decisions, and the names of
        models, experiment and tables are the outcome's own.

        Args:
            name: field of an outcome; "" means the main one.

        Raises:
            ContractError: there is no such outcome.
        """
        name = name or self.labels[0]
        if name == self.label:
            return self
        for outcome in self.outcomes:
            if outcome.field == name:
                own = {
                    "label": name,
                    "names": outcome.names,
                    "decisions": outcome.decisions,
                }
                return self.model_copy(update=own)
        raise ContractError(
            f"contract {self.contract} has no outcome {name!r}; there are {', '.join(self.labels)}"
        )

    @property
    def views(self) -> tuple[Self, ...]:
        """Return the contract as each of its outcomes sees it, the main one first."""
        return tuple(self.for_outcome(name) for name in self.labels)

    def column(self, field: str) -> Column:
        """Return the column stored as `field`. Raises KeyError where the contract has none."""
        for column in self.columns:
            if column.field == field:
                return column
        raise KeyError(f"contract {self.contract} has no column {field!r}")

    def null_tokens_of(self, column: Column) -> tuple[str, ...]:
        """Return the cells of a column that mean missing: its own, else the contract's."""
        if column.null_tokens is None:
            return self.null_tokens
        return column.null_tokens

    @property
    def spellings(self) -> tuple[tuple[str, str], ...]:
        """Return every header and the field that it means: each column's name first, then its other headers."""
        pairs: list[tuple[str, str]] = []
        for column in self.columns:
            pairs.append((column.name, column.field))
            pairs += [(alias, column.field) for alias in column.aliases]
        return tuple(pairs)

    @property
    def fields(self) -> tuple[str, ...]:
        """Return every column's field name, in the order of the file (which is the order of the table)."""
        return tuple(column.field for column in self.columns)

    @property
    def roles(self) -> frozenset[str]:
        """Return the fields that say which lead a row is of, its outcomes and its moments: no model sees them."""
        roles = {self.key, self.clock, *self.labels}
        if self.changed_at is not None:
            roles.add(self.changed_at)
        return frozenset(roles)

    def features(self, stage: KnownAt = KnownAt.CONTACT) -> tuple[Column, ...]:
        """Return what a model of `stage` may see: columns known by then.

        Never those with a role, near-constant or protected ones, and never dates and moments.
        """
        without = self.roles.union(self.key_columns)
        return tuple(
            column
            for column in self.columns
            if column.field not in without
            and not column.near_constant
            and not column.protected
            and not column.temporal
            and column.known_at.visible_at(stage)
        )

    def model_name(self, stage: KnownAt = KnownAt.CONTACT) -> str:
        """Return the registered model of a stage: the plain name for contact, with a suffix for an earlier one."""
        return (
            self.names.model
            if stage is KnownAt.CONTACT
            else f"{self.names.model}-{stage}"
        )
