"""What a lead is: the typed model behind every contract YAML file."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from include.contract.reserved import not_reserved
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
    """When a column's value becomes known, in the order of a lead's life."""

    CAPTURE = "capture"
    ENGAGEMENT = "engagement"
    CONTACT = "contact"

    def visible_at(self, stage: "KnownAt") -> bool:
        """Return whether a column known at this moment may be used to score a lead at `stage`."""
        order = list(KnownAt)
        return order.index(self) <= order.index(stage)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Strict):
    """One column: how it is written in the source, stored in the warehouse and used by the model."""

    name: Text = Field(description="header in the source file")
    field: SqlName = Field(
        description="snake_case name in Parquet, warehouse and model"
    )
    type: Literal[
        "string", "integer", "number", "category", "ordinal", "yes_no"
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
        return self

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


class Contract(_Strict):
    """A whole data set: names, columns, and which of them are key, label and clock."""

    contract: Identifier
    version: int = Field(ge=1)
    description: Text
    names: Names
    null_tokens: tuple[str, ...] = Field(
        DEFAULT_NULL_TOKENS,
        description="cells that mean missing, after trimming; compared exactly",
    )
    key: Identifier = Field(description="field that identifies a lead")
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
    decisions: Decisions = Field(
        Decisions(),
        description="what the business decides about this data set; a field that is left out has its default",
    )
    columns: tuple[Column, ...] = Field(min_length=3)

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
        if not self.column(self.clock).numeric:
            raise ValueError("'clock' must be a numeric column")
        label = self.column(self.label)
        if (label.type, label.minimum, label.maximum) != ("integer", 0, 1):
            raise ValueError(
                "'label' must be an integer column with minimum 0 and maximum 1"
            )
        self._check_changed_at()
        return self

    @model_validator(mode="after")
    def _no_level_is_missing(self) -> Self:
        for column in self.columns:
            levels = {*column.allowed, *column.order, *column.group_levels}
            missing_levels = sorted(levels.intersection(self.null_tokens))
            if missing_levels:
                raise ValueError(
                    f"'null_tokens' has {', '.join(missing_levels)}, which is a level of {column.name}; "
                    "name the contract's own null_tokens without it"
                )
        return self

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
        if not column.numeric and column.type != "string":
            raise ValueError(
                f"'changed_at' must be a numeric column or one of type string, and {column.name!r} is {column.type}"
            )

    def column(self, field: str) -> Column:
        """Return the column stored as `field`. Raises KeyError where the contract has none."""
        for column in self.columns:
            if column.field == field:
                return column
        raise KeyError(f"contract {self.contract} has no column {field!r}")

    @property
    def fields(self) -> tuple[str, ...]:
        """Return every column's field name, in the order of the file (which is the order of the table)."""
        return tuple(column.field for column in self.columns)

    @property
    def roles(self) -> frozenset[str]:
        """Return the fields that say which lead a row is of, its outcome and its moments: no model sees them."""
        roles = {self.key, self.label, self.clock}
        if self.changed_at is not None:
            roles.add(self.changed_at)
        return frozenset(roles)

    def features(self, stage: KnownAt = KnownAt.CONTACT) -> tuple[Column, ...]:
        """Return what a model of `stage` may see: columns known by then, none with a role, not near-constant."""
        return tuple(
            column
            for column in self.columns
            if column.field not in self.roles
            and not column.near_constant
            and column.known_at.visible_at(stage)
        )

    def model_name(self, stage: KnownAt = KnownAt.CONTACT) -> str:
        """Return the registered model of a stage: the plain name for contact, with a suffix for an earlier one."""
        return (
            self.names.model
            if stage is KnownAt.CONTACT
            else f"{self.names.model}-{stage}"
        )
