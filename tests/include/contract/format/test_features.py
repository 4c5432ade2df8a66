"""What a contract may say about features, and what each mistake is called."""

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from include.contract.format.explain import explain
from include.contract.format.features import (
    Count,
    Features,
    check_sources,
    needed_columns,
    needed_outcomes,
    span_microseconds,
)

STORY = """
features:
  - name: days_since_contact
    kind: days_since_last
    events: {source: crm}
    label: Days since the last contact
    reason: {value: "last contact {value:.0f} days ago", missing: never contacted}
  - name: contacts_first_week
    kind: count
    events: {source: crm, where: {action: [call, meeting]}}
    window: {first: 7 days, after: creation}
    label: Contacts in the first week
    reason: {value: "{value} contacts in the first week", zero: no contact in the first week}
  - name: channel
    kind: first_value
    events: {source: ads}
    column: channel
    label: First channel
    reason: "came by {value}"
  - name: industry_rate
    kind: historical_rate
    outcome: converted
    by: {source: accounts, column: industry}
    label: Conversion rate of the industry
    reason: "industry: {industry}"
  - name: industry
    kind: value_as_it_was
    of: {source: accounts, column: industry}
    label: Industry
    reason: "industry: {value}"
  - name: answered
    kind: happened_within
    events: {source: mail, where: {kind: answer}}
    after: {source: crm, where: {action: outreach}}
    within: 48 hours
    label: Answered within 48 hours
    reason: {value: answered within 48 hours, zero: did not answer within 48 hours}
"""


class Document(BaseModel):
    """As a contract will hold them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: Features = ()


def read(text: str) -> Features:
    return Document.model_validate(yaml.safe_load(text)).features


def refusal(entry: str) -> str:
    """What a person is told about a list of features."""
    content = yaml.safe_load(f"features:\n{entry}")
    with pytest.raises(ValidationError) as error:
        Document.model_validate(content)
    return explain("story.yaml", content, error.value, Document)


def count(changes: str) -> str:
    return (
        "  - {name: n, kind: count, label: n, reason: '{value}', events: {source: crm}, "
        + changes
        + "}\n"
    )


def test_the_features_of_the_story_are_read_and_say_what_they_need():
    features = read(STORY)
    assert [feature.kind for feature in features] == [
        "days_since_last",
        "count",
        "first_value",
        "historical_rate",
        "value_as_it_was",
        "happened_within",
    ]
    assert needed_columns(features) == {
        "crm": {"action": "text"},
        "ads": {"channel": "text"},
        "accounts": {"industry": "text"},
        "mail": {"kind": "text"},
    }
    assert needed_outcomes(features) == ("converted",)


def test_a_contract_without_features_has_none():
    assert read("{}") == ()


def test_one_level_and_a_whole_number_may_stand_alone():
    (feature,) = read(
        "features:\n"
        "  - {name: n, kind: count, label: n, reason: x, events: {source: crm, where: {a: call, b: 7}}}"
    )
    assert isinstance(feature, Count)
    assert feature.events.where == {"a": ("call",), "b": ("7",)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 minutes", 1_800_000_000),
        ("1 hour", 3_600_000_000),
        ("48 hours", 172_800_000_000),
        ("7 days", 604_800_000_000),
        ("1 week", 604_800_000_000),
    ],
)
def test_a_span_is_a_number_and_a_unit(text, expected):
    assert span_microseconds(text) == expected


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (count("window: {before: 7}"), "such as 7 days, 48 hours"),
        (count("window: {before: 0 days}"), "such as 7 days, 48 hours"),
        (count("window: {before: 6000 weeks}"), "100 years at most"),
        (count("window: {}"), "write either 'before: 7 days' or 'first"),
        (count("window: {first: 7 days}"), "'first' and 'after' belong"),
        (
            count("window: {first: 7 days, after: birth}"),
            "Input should be 'creation'",
        ),
        (count("windw: {before: 7 days}"), "did you mean 'window'"),
        (
            "  - {name: n, kind: counts, label: n, reason: x}\n",
            "'count', 'sum', 'count_distinct'",
        ),
        (
            "  - {name: n, kind: count, label: n, reason: x, events: {source: crm, where: {occurred_at: x}}}\n",
            "name a column of the source's own",
        ),
        (
            "  - {name: stage, kind: count, label: n, reason: x, events: {source: crm}}\n",
            "a feature may not be called 'stage'",
        ),
        (
            "  - {name: fx_n, kind: count, label: n, reason: x, events: {source: crm}}\n",
            "a feature may not be called 'fx_n'",
        ),
        (
            "  - {name: order, kind: count, label: n, reason: x, events: {source: crm}}\n",
            "reserved word of Redshift",
        ),
        (
            '  - {name: n, kind: count, label: n, reason: x, events: {source: crm, where: {a: ["b\\tc"]}}}\n',
            "cannot be printed",
        ),
        (count("description: a") + count("description: b"), "called 'n'"),
        (
            "  - {name: n, kind: count, label: n, reason: '{values}', events: {source: crm}}\n",
            "names 'values', which is no feature; write {value}",
        ),
        (
            "  - {name: n, kind: count, label: n, reason: '{value.x}', events: {source: crm}}\n",
            "which is no feature",
        ),
        (
            "  - {name: n, kind: count, label: n, reason: '{value', events: {source: crm}}\n",
            "cannot be read",
        ),
        (
            "  - {name: n, kind: count, label: n, reason: '{value:d}', events: {source: crm}}\n",
            "write {value}, {value:.1f} or {value:.0%}",
        ),
        (
            "  - {name: n, kind: happened_within, label: n, reason: x, events: {source: crm}, "
            "after: creation, within: 1 day}\n",
            "'reason' needs 'zero'",
        ),
        (
            "  - {name: n, kind: sum, label: n, reason: x, events: {source: crm}, column: amount}\n"
            "  - {name: o, kind: last_value, label: n, reason: x, events: {source: crm}, column: amount}\n",
            "reads amount of crm as text, and another one as number",
        ),
        (
            "  - {name: n, kind: historical_rate, label: n, reason: x, outcome: won, "
            "by: {source: crm, column: a}, m: .inf}\n",
            "finite number",
        ),
    ],
)
def test_a_mistake_is_told_in_plain_words(entry, message):
    assert message in refusal(entry)


def test_a_source_a_column_or_an_outcome_that_is_not_declared_is_named():
    features = read(STORY)
    columns = {
        "crm": frozenset({"action"}),
        "ads": frozenset({"channel"}),
        "accounts": frozenset({"industry"}),
        "mail": frozenset({"kind"}),
    }
    check_sources(features, columns, frozenset({"converted"}))
    with pytest.raises(ValueError, match="outcomes are approved"):
        check_sources(features, columns, frozenset({"approved"}))
    with pytest.raises(
        ValueError, match="'contacts_first_week' names the column 'action'"
    ):
        check_sources(
            features,
            columns | {"crm": frozenset()},
            frozenset({"converted"}),
        )
    del columns["ads"]
    with pytest.raises(
        ValueError, match="'channel' names the source 'ads'; sources are acc"
    ):
        check_sources(features, columns, frozenset({"converted"}))
