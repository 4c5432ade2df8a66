import json
import math

import pytest

from include.contract.cells import LARGEST
from include.scoring.errors import MAX_PROBLEMS, LeadsRefusedError
from include.scoring.leads import LeadReader


def refused(lead, contract):
    with pytest.raises(LeadsRefusedError) as error:
        LeadReader(contract).read([lead])
    return [
        (problem["row"], problem["field"], problem["reason"])
        for problem in error.value.problems
    ]


def test_numbers_are_numbers_and_null_tokens_are_missing(contract):
    columns = LeadReader(contract).read(
        [{"visits": " 3 ", "minutes": "n/a", "region": "", "channel": None}]
    )
    assert (
        columns["visits"].tolist(),
        columns["region"],
        columns["channel"],
    ) == ([3.0], [None], [None])
    assert math.isnan(columns["minutes"][0])


def test_business_headers_and_field_names_are_both_read(contract):
    assert LeadReader(contract).read([{"Visits": 3}, {"visits": 3}])[
        "visits"
    ].tolist() == [3.0, 3.0]


def test_a_column_given_by_both_its_names_is_refused(contract):
    assert refused({"Visits": 3, "visits": 4}, contract) == [
        (1, "visits", "given twice, as Visits and as visits")
    ]


@pytest.mark.parametrize("number", [7, 7.0])
def test_a_key_that_json_calls_an_integer_is_its_digits(contract, number):
    assert LeadReader(contract).read([{"account": number}])["account"] == ["7"]


def test_names_the_contract_does_not_know_are_ignored(contract):
    assert list(LeadReader(contract).read([{"shoe_size": 43}])) == list(
        contract.fields
    )


def test_a_level_nobody_has_seen_is_accepted(contract):
    assert LeadReader(contract).read([{"channel": "carrier pigeon"}])[
        "channel"
    ] == ["carrier pigeon"]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("Visits", "many", "must be a number"),
        ("visits", True, "must be a number"),
        ("visits", "1_000", "must be a number"),
        ("visits", -1, "must not be below 0"),
        ("visits", 2.5, "must be a whole number"),
        ("minutes", "NaN", "must be a finite number"),
        ("minutes", "-inf", "must be a finite number"),
        ("minutes", 10**400, "must be a number"),
        ("minutes", 1e308, f"must lie between {-LARGEST} and {LARGEST}"),
        ("minutes", LARGEST + 1, f"must lie between {-LARGEST} and {LARGEST}"),
        ("won", 2, "must not be above 1"),
        ("newsletter", "maybe", "must be Yes or No"),
        ("fit", "medium", "must be one of low, mid, high"),
        ("channel", 3, "must be text"),
        ("account", True, "must be text"),
        ("account", 7.5, "must be text"),
        ("channel", {"nested": 1}, "must be a single value"),
        ("minutes", [1], "must be a single value"),
    ],
)
def test_a_value_the_contract_refuses_is_named_with_row_field_and_reason(
    contract, name, value, reason
):
    assert refused({name: value}, contract) == [(1, name, reason)]


def test_every_refused_value_of_every_row_is_named(contract):
    with pytest.raises(LeadsRefusedError) as error:
        LeadReader(contract).read(
            [{"visits": 1}, {"visits": "x", "fit": "y"}, {"minutes": -1}]
        )
    assert [(problem["row"], problem["field"]) for problem in error.value.problems] == [
        (2, "visits"), (2, "fit"), (3, "minutes")
    ]  # fmt: skip


def test_the_list_of_problems_is_bounded(contract):
    with pytest.raises(
        LeadsRefusedError, match=f"{MAX_PROBLEMS + 5} value"
    ) as error:
        LeadReader(contract).read([{"visits": -1}] * (MAX_PROBLEMS + 5))
    assert len(json.loads(json.dumps(error.value.problems))) == MAX_PROBLEMS
