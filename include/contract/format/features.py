"""What a person writes about features as of a moment (`features:`): the typed model of each entry.

A feature is made of events, outcomes or changing values of a lead, and only of what had occurred and had arrived at the
moment. `include.asof` compiles a list of features to SQL.

    features:
      - name: contacts_first_week
        kind: count
        events: {source: crm, where: {action: [call, meeting]}}
        window: {first: 7 days, after: creation}
        label: Contacts in the first week
        reason: {value: "{value} contacts in the first week", zero: no contact in the first week}
      - name: answered_in_time
        kind: happened_within
        events: {source: crm, where: {action: answer}}
        after: {source: crm, where: {action: outreach}}
        within: 48 hours
        label: Answered within 48 hours
        reason: {value: answered within 48 hours, zero: did not answer within 48 hours}
      - name: industry_rate
        kind: historical_rate
        outcome: converted
        by: {source: accounts, column: industry}
        label: Conversion rate of the industry
        reason: "{value:.0%} of earlier leads of this industry converted"
"""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from include.contract.model import Identifier, KnownAt, SqlName

MICROSECONDS = {
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
"""Length of each unit of time that a span may name, in microseconds. A day has 24 hours."""
OWN_COLUMNS = ("lead_key", "stage", "moment", "created_at")
"""Columns of the leads, which no feature may be called."""
EVENT_COLUMNS = ("lead_key", "occurred_at", "arrived_at")
"""Columns that all events have, which say whose they are and when they were known."""
PREFIX = "fx_"
"""Beginning of names that the compiled SQL makes; no feature and no column may begin so."""
LONGEST_SPAN = 36_525 * MICROSECONDS["day"]
VALUE = "value"
_SPAN = re.compile(r"([1-9][0-9]{0,6}) (minute|hour|day|week)s?")
_TEMPLATE_HINT = "write {value}, or the name of another feature in braces"

ColumnType = Literal["text", "number", "any"]


def _checked_span(text: object) -> object:
    """Return a span as it is written. Raises ValueError where it is none."""
    if not isinstance(text, str) or _SPAN.fullmatch(text) is None:
        raise ValueError(
            "write a whole number and a unit, such as 7 days, 48 hours, 30 minutes or 2 weeks"
        )
    return text


def span_microseconds(text: str) -> int:
    """Return the length of a span such as `7 days`, in microseconds.

    Raises:
        ValueError: the text is no span.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span of time, such as 7 days")
    return int(match[1]) * MICROSECONDS[match[2]]


def _short_span(text: str) -> str:
    if span_microseconds(text) > LONGEST_SPAN:
        raise ValueError("a span may be 100 years at most")
    return text


def _checked_level(level: str) -> str:
    """Return a level. Raises ValueError where it holds a control character, which no SQL text can show."""
    if not level.isprintable():
        raise ValueError(
            f"the level {level!r} holds a character that cannot be printed; leave it out"
        )
    return level


def _as_levels(value: object) -> object:
    """Return one level as a list of one. A whole number of YAML becomes text."""
    levels = value if isinstance(value, list | tuple) else [value]
    return [
        str(level)
        if isinstance(level, int) and not isinstance(level, bool)
        else level
        for level in levels
    ]


def _as_sentences(value: object) -> object:
    return {"value": value} if isinstance(value, str) else value


Span = Annotated[
    str, BeforeValidator(_checked_span), AfterValidator(_short_span)
]
"""A length of time: a whole number and minutes, hours, days or weeks."""
Level = Annotated[str, AfterValidator(_checked_level)]
Levels = Annotated[
    tuple[Level, ...], BeforeValidator(_as_levels), Field(min_length=1)
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Events(_Strict):
    """Which events of a lead are meant: those of one source, or some of them."""

    source: Identifier = Field(description="name of the source")
    where: dict[SqlName, Levels] = Field(
        {},
        description="column to the levels that count; an event has to fit every column that is named. Without it all "
        "events of the source count",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _check_columns("where", self.where)
        return self


def _kind_of_start(value: object) -> str:
    """Return whether a start is the lead's creation or some events."""
    if isinstance(value, dict | Events):
        return "events"
    return "creation"


Start = Annotated[
    Annotated[Literal["creation"], Tag("creation")]
    | Annotated[Events, Tag("events")],
    Discriminator(_kind_of_start),
]
"""Where a window begins: when the lead was created, or when the first of some events occurred."""


class Window(_Strict):
    """When events have to occur to count; without a window all that are known at the moment count."""

    before: Span | None = Field(
        None,
        description="so long before the moment, such as 7 days. An event exactly so long before does not count, one "
        "at the moment does",
    )
    first: Span | None = Field(
        None,
        description="so long from the start that 'after' names. An event at the start counts, one exactly so long "
        "after it does not",
    )
    after: Start | None = Field(
        None,
        description="creation, or events whose first one is the start: {source: ..., where: {...}}",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.before is None) == (self.first is None):
            raise ValueError(
                "write either 'before: 7 days' or 'first: 7 days' with 'after: creation'"
            )
        if (self.first is None) != (self.after is None):
            raise ValueError(
                "'first' and 'after' belong together: write both, such as first: 7 days, after: creation"
            )
        return self


class Changing(_Strict):
    """A value of a lead that changes: a column of a source."""

    source: Identifier = Field(
        description="name of the source; each of its rows holds the values from occurred_at on"
    )
    column: SqlName = Field(description="column that holds the value")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _check_columns("column", [self.column])
        return self


class Sentences(_Strict):
    """What a sales rep reads where the feature is a reason. A text alone is the sentence for every value."""

    value: str = Field(
        min_length=1,
        description="with {value} where the value stands, and Python's formats behind a colon: {value:.0f}, "
        "{value:.0%}. The name of another feature in braces shows that one",
    )
    zero: str = Field("", description="in place of it where the value is 0")
    one: str = Field("", description="in place of it where the value is 1")
    missing: str = Field(
        "", description="in place of it where there is no value"
    )

    @property
    def templates(self) -> tuple[str, ...]:
        """Return every sentence that is written."""
        sentences = (self.value, self.zero, self.one, self.missing)
        return tuple(sentence for sentence in sentences if sentence)


class _Feature(_Strict):
    name: SqlName = Field(description="column of the feature")
    label: str = Field(min_length=1, description="what a sales rep calls it")
    description: str = ""
    reason: Annotated[Sentences, BeforeValidator(_as_sentences)] = Field(
        description="the sentence that a sales rep reads"
    )
    known_at: KnownAt = Field(
        KnownAt.CONTACT,
        description="the stage as of whose moment it is computed: capture, engagement or contact",
    )

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.known_at is KnownAt.OUTCOME:
            raise ValueError(
                "'known_at' is outcome, at which nothing is predicted; write capture, engagement or contact"
            )
        if self.name in (*OWN_COLUMNS, VALUE) or self.name.startswith(PREFIX):
            raise ValueError(
                f"a feature may not be called {self.name!r}; choose another name"
            )
        return self

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        return ()


class _OfEvents(_Feature):
    events: Events = Field(description="the events that are meant")

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        return _columns_of(self.events)


class _InWindow(_OfEvents):
    window: Window | None = Field(None, description="when they have to occur")

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        start = self.window.after if self.window else None
        return super().columns + _columns_of(start)


class Count(_InWindow):
    """Number of events; 0 without any. Missing where the window has no start."""

    kind: Literal["count"]


class Sum(_InWindow):
    """Sum of a column of events; 0 without any. Missing where the window has no start.

    The column counts to four decimals, so that the order of the rows changes no digit. What is missing counts nothing.
    """

    kind: Literal["sum"]
    column: SqlName = Field(description="column of numbers")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _check_columns("column", [self.column])
        return self

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        return (*super().columns, (self.events.source, self.column, "number"))


class CountDistinct(_InWindow):
    """Number of different values of a column of events; 0 without any. Missing where the window has no start."""

    kind: Literal["count_distinct"]
    column: SqlName = Field(description="column whose values are counted once")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _check_columns("column", [self.column])
        return self

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        return (*super().columns, (self.events.source, self.column, "any"))


class DaysSinceLast(_OfEvents):
    """Days from the last of the events to the moment, with a fraction. Missing without any."""

    kind: Literal["days_since_last"]


class HappenedWithin(_OfEvents):
    """1 where one of the events occurred within a span after a start, 0 where the span is over without one.

    An event at the start and one exactly at the end count. Missing without a start, and while the span is not over.
    """

    kind: Literal["happened_within"]
    after: Start = Field(
        description="creation, or events whose first one is the start: {source: ..., where: {...}}"
    )
    within: Span = Field(description="how long after the start")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if not self.reason.zero:
            raise ValueError(
                "'reason' needs 'zero': the sentence for a lead for which it did not happen"
            )
        return self

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        return super().columns + _columns_of(self.after)


class _Picked(_OfEvents):
    column: SqlName = Field(description="column of the value")
    type: Literal["text", "number"] = Field(
        "text", description="whether the value is text or a number"
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _check_columns("column", [self.column])
        return self

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        return (*super().columns, (self.events.source, self.column, self.type))


class FirstValue(_Picked):
    """Value of the first of the events that has one. Missing without any.

    Of events at the same time the one that arrived first counts, then the smallest value.
    """

    kind: Literal["first_value"]


class LastValue(_Picked):
    """Value of the last of the events that has one. Missing without any.

    Of events at the same time the one that arrived last counts, then the largest value.
    """

    kind: Literal["last_value"]


class ValueAsItWas(_Feature):
    """Value in the last row of a source that had occurred and arrived; missing where that row has none."""

    kind: Literal["value_as_it_was"]
    of: Changing = Field(description="the value that changes")
    type: Literal["text", "number"] = Field(
        "text", description="whether the value is text or a number"
    )

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        return ((self.of.source, self.of.column, self.type),)


class HistoricalRate(_Feature):
    """Share of earlier leads of the same level whose outcome happened, from outcomes known at the moment.

    With `n` outcomes of the level, `k` of which happened, and the share `p` of all levels together, the rate is
    `(k + m p) / (n + m)`. A lead's own outcome never counts. An outcome counts under the level that its lead had when
    the outcome became known. Missing before the first outcome. Source: Micci-Barreca 2001,
    https://doi.org/10.1145/507533.507538 (m-estimate).
    """

    kind: Literal["historical_rate"]
    outcome: Identifier = Field(description="name of the outcome")
    by: Changing = Field(description="the value whose levels have rates")
    m: float = Field(
        20.0,
        ge=0,
        le=1e6,
        allow_inf_nan=False,
        description="number of outcomes of the average lead that each level begins with; 0 for none",
    )

    @property
    def columns(self) -> tuple[tuple[str, str, ColumnType], ...]:
        """Return source, column and type of everything that the feature reads."""
        return ((self.by.source, self.by.column, "text"),)


Feature = Annotated[
    Count
    | Sum
    | CountDistinct
    | DaysSinceLast
    | HappenedWithin
    | FirstValue
    | LastValue
    | ValueAsItWas
    | HistoricalRate,
    Field(discriminator="kind"),
]


def _columns_of(
    start: Start | None,
) -> tuple[tuple[str, str, ColumnType], ...]:
    """Return source, column and type of what tells some events from the others."""
    if start is None or isinstance(start, str):
        return ()
    return tuple((start.source, column, "text") for column in start.where)


def _check_columns(key: str, columns: Mapping[str, Any] | list[str]) -> None:
    """Raise ValueError where a column that all events have is named as one of the source's own."""
    for column in columns:
        if column in EVENT_COLUMNS:
            raise ValueError(
                f"'{key}' names {column}, which says whose an event is or when it was known; name a column of the "
                "source's own"
            )
        if column.startswith(PREFIX):
            raise ValueError(
                f"'{key}' names {column}, and names that begin with {PREFIX} are the compiled query's own; give the "
                "column another field"
            )


def check_features(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """Return features that fit together.

    Raises:
        ValueError: two have the same name, a sentence names no feature, or a column is read as text and as numbers.
    """
    names: set[str] = set()
    for feature in features:
        if feature.name in names:
            raise ValueError(f"two features are called {feature.name!r}")
        names.add(feature.name)
    for feature in features:
        for template in feature.reason.templates:
            _check_template(feature, template, names)
    needed_columns(features)
    return features


Features = Annotated[tuple[Feature, ...], AfterValidator(check_features)]
"""The list of `features:`."""


def _check_template(feature: Feature, template: str, names: set[str]) -> None:
    """Raise ValueError where a sentence cannot be filled."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(
            f"feature {feature.name!r}: the sentence {template!r} cannot be read ({error}); {_TEMPLATE_HINT}"
        ) from error
    for _, field, spec, conversion in parts:
        if field is None:
            continue
        if field != VALUE and field not in names:
            raise ValueError(
                f"feature {feature.name!r}: the sentence {template!r} names {field!r}, which is no feature; "
                f"{_TEMPLATE_HINT}"
            )
        if conversion or not _is_number_format(spec or ""):
            raise ValueError(
                f"feature {feature.name!r}: the sentence {template!r} writes {field} in a way that is not known; "
                "write {value}, {value:.1f} or {value:.0%}"
            )


def _is_number_format(spec: str) -> bool:
    return re.fullmatch(r"(,?(\.[0-9])?[f%])?", spec) is not None


def needed_columns(
    features: tuple[Feature, ...],
) -> dict[str, dict[str, ColumnType]]:
    """Return what the features read of each source: column to `text`, `number` or `any`, in the order of reading.

    Raises:
        ValueError: a column is read as text by one feature and as a number by another.
    """
    columns_by_source: dict[str, dict[str, ColumnType]] = {}
    for feature in features:
        for source in _sources_of(feature):
            columns_by_source.setdefault(source, {})
        for source, column, kind in feature.columns:
            types = columns_by_source[source]
            known = types.get(column, "any")
            if kind == "any":
                kind = known
            if known not in ("any", kind):
                raise ValueError(
                    f"feature {feature.name!r} reads {column} of {source} as {kind}, and another one as {known}"
                )
            types[column] = kind
    return columns_by_source


def _sources_of(feature: Feature) -> list[str]:
    """Return the sources that a feature reads."""
    if isinstance(feature, ValueAsItWas):
        return [feature.of.source]
    if isinstance(feature, HistoricalRate):
        return [feature.by.source]
    sources = [feature.events.source]
    start = start_of(feature)
    if isinstance(start, Events):
        sources.append(start.source)
    return sources


def start_of(feature: Feature) -> Start | None:
    """Return where a feature's window begins, None where it has no window with a start."""
    if isinstance(feature, HappenedWithin):
        return feature.after
    if isinstance(feature, Count | Sum | CountDistinct) and feature.window:
        return feature.window.after
    return None


def needed_outcomes(features: tuple[Feature, ...]) -> tuple[str, ...]:
    """Return the outcomes whose rates the features are, each once."""
    names = [
        feature.outcome
        for feature in features
        if isinstance(feature, HistoricalRate)
    ]
    return tuple(dict.fromkeys(names))


def check_sources(
    features: tuple[Feature, ...],
    columns: Mapping[str, Mapping[str, object] | frozenset[str]],
    outcomes: frozenset[str],
) -> None:
    """Raise ValueError where a feature reads what the contract does not declare.

    Args:
        features: of `features:`.
        columns: source to the names of its columns.
        outcomes: names of the outcomes.
    """
    for feature in features:
        for source in _sources_of(feature):
            if source not in columns:
                raise ValueError(
                    f"feature {feature.name!r} names the source {source!r}; sources are {_listed(columns)}"
                )
        for source, column, _ in feature.columns:
            if column not in columns[source]:
                raise ValueError(
                    f"feature {feature.name!r} names the column {column!r}; columns of {source} are "
                    f"{_listed(columns[source])}"
                )
    unknown = sorted(set(needed_outcomes(features)) - outcomes)
    if unknown:
        raise ValueError(
            f"a rate names the outcome {unknown[0]!r}; outcomes are {_listed(outcomes)}"
        )


def _listed(names: Mapping[str, Any] | frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "(none)"
