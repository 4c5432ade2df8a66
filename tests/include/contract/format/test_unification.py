"""Contracts whose leads come from several sources: what they compile to, and what each mistake is called."""

import json
from pathlib import Path

import pytest

from include.contract import ContractError, KnownAt, load_contract
from include.contract.cells import read_cell
from include.glue.job_contract import parse_contract
from include.identity.rules import rules_of

ROOT = Path(__file__).parents[4]
STORY = ROOT / "demo" / "story" / "b2b_crm.yaml"

SMALL = """
format: 2
contract: shop
key: id
clock: made
outcomes:
  - {name: bought, column: bought, source: orders, positive: ["yes"], negative: ["no"]}
columns:
  - {name: id, type: string, known_at: capture}
  - {name: made, type: timestamp, known_at: capture}
  - {name: area, type: category, known_at: capture}
sources:
  - name: leads
    role: leads
    prefix: leads/
    occurred_at: at
    columns: [{name: at, type: timestamp}]
  - name: calls
    role: events
    prefix: calls/
    lead: lead
    occurred_at: at
    columns: [{name: at, type: timestamp}, {name: lead, type: string}, {name: kind, type: category}]
  - name: orders
    role: outcomes
    prefix: orders/
    lead: lead
    occurred_at: at
    columns: [{name: at, type: timestamp}, {name: lead, type: string}]
stages:
  contact: {source: calls, where: {kind: call}}
features:
  - name: visits
    kind: count
    events: {source: calls, where: {kind: visit}}
    known_at: engagement
    label: Visits
    reason: {value: "{value} visits", zero: no visit}
"""


@pytest.fixture(scope="module")
def story():
    return load_contract(str(STORY))


def test_a_feature_is_a_column_of_its_stage_with_its_sentence(story):
    column = story.column("touches_first_week")
    assert column.type == "integer"
    assert column.known_at is KnownAt.ENGAGEMENT
    assert column.sentences["value"] == "{value} contacts in the first week"
    seen = [column.field for column in story.features(KnownAt.CAPTURE)]
    assert "industry_rate" in seen
    assert "touches_first_week" not in seen
    assert "revenue" not in [column.field for column in story.features()]


def test_both_outcomes_of_the_story_prefer_precision(story):
    converted, approved = story.views
    assert (converted.label, approved.label) == ("converted", "approved")
    assert approved.given == "converted"
    for view in story.views:
        assert view.decisions.threshold_policy == "precision_biased"
    assert approved.decisions.label_maturity_days == 105


def test_the_job_reads_each_source_by_its_own_contract(story):
    sources = {entry["name"]: entry for entry in story.unify["sources"]}
    ads = parse_contract_of(sources["ads"])
    assert ads.key_column.derived == "row_key"
    occurred_at = ads.columns[ads.fields.index("occurred_at")]
    assert occurred_at.rule.time_zone == "America/New_York"
    applications = parse_contract_of(sources["applications"])
    converted = applications.columns[applications.fields.index("converted")]
    assert converted.rule.positive == {"yes"}
    assert "converted" not in parse_contract_of(sources["crm"]).fields
    assert "industry" in parse_contract_of(sources["crm"]).fields


def test_each_source_has_the_clock_of_its_place(story):
    sources = {entry["name"]: entry for entry in story.unify["sources"]}
    moments = {}
    for name in ("ads", "applications", "crm"):
        contract = parse_contract_of(sources[name])
        column = contract.columns[contract.fields.index("occurred_at")]
        moments[name] = read_cell(column.rule, "2024-07-01 12:00:00").hour
    assert moments == {"ads": 16, "applications": 10, "crm": 12}


def parse_contract_of(source):
    return parse_contract(json.dumps(source["contract"]))


def test_without_identity_the_key_says_whose_a_row_is(write_contract):
    contract = load_contract(write_contract(SMALL))
    rules = rules_of(contract.unify["identity"])
    assert rules.sources["leads"].columns == {"lead": ("id",)}
    assert rules.sources["calls"].columns == {"lead": ("lead",)}
    assert contract.unify["stages"]["capture"] == 0
    assert contract.unify["stages"]["engagement"] == 7 * 86_400_000_000


@pytest.mark.parametrize(
    ("text", "replacement", "message"),
    [
        ("role: events", "role: leads", "2 of the 'sources' have the role"),
        ("prefix: calls/", "prefix: leads/calls/", "lies inside 'leads/'"),
        ("    lead: lead\n", "", "needs 'lead'"),
        ("occurred_at: at", "occurred_at: made at", "names 'made at'"),
        ("where: {kind: visit}", "where: {sort: visit}", "names the column"),
        ("{value} visits", "{made} visits", "names 'made'"),
        ("source: orders, p", "source: order, p", "names the source 'order'"),
        ("clock: made", "clock: area", "'clock' names area"),
        ("kind: call}}", "kind: call}, sorce: x}", "stages"),
        ("known_at: engagement", "known_at: outcome", "'known_at' is outcome"),
        ("name: calls", "name: leads", "two 'sources' have one name"),
        (
            "role: leads",
            "role: leads\n    gate: {max_quarantined_share: 0.5}",
            "takes min_rows only",
        ),
        (
            "role: events",
            "role: events\n    gate: {min_row: 5}",
            "did you mean 'min_rows'",
        ),
        (
            "role: events",
            "role: events\n    expected_every: 26",
            "a whole number and a unit",
        ),
    ],
)
def test_a_mistake_is_named(write_contract, text, replacement, message):
    wrong = SMALL.replace(text, replacement, 1)
    assert wrong != SMALL
    with pytest.raises(ContractError, match=message):
        load_contract(write_contract(wrong))


def test_features_need_sources(write_contract):
    head, _, rest = SMALL.partition("sources:")
    features = rest[rest.index("features:") :]
    text = head.replace(", source: orders", "") + features
    with pytest.raises(ContractError, match="needs 'sources'"):
        load_contract(write_contract(text))
