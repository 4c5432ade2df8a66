import json
import math

import pytest

from include.contract.cells import LARGEST
from include.scoring.errors import MAX_PROBLEMS, LeadsRefusedError
from include.scoring.leads.names import IgnoredNames
from include.scoring.leads.reader import LeadReader


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


def test_names_the_contract_does_not_know_are_ignored_and_named(contract):
    ignored = IgnoredNames()
    columns = LeadReader(contract).read(
        [
            {"visits": 3, "shoe_size": 43},
            {"Hat": 1, "visits": 4, "shoe_size": 1},
        ],
        ignored=ignored,
    )
    assert list(columns) == list(contract.fields)
    assert (ignored.listed, ignored.count) == (["Hat", "shoe_size"], 2)


@pytest.mark.parametrize(
    "name",
    [
        "VISITS",
        "Vi_sits",
        " visits ",
        "visits\u00a0",
        "\ufeffvi\u200bsits",
        "Ｖisits",
    ],
)
def test_a_name_is_known_whatever_its_case_spaces_and_invisible_characters(
    contract, name
):
    ignored = IgnoredNames()
    columns = LeadReader(contract).read([{name: "3"}], ignored=ignored)
    assert (columns["visits"].tolist(), ignored.listed) == ([3.0], [])


def test_two_spellings_of_one_column_are_refused_with_both(contract):
    assert refused({"VISITS": 3, "vi sits": 3}, contract) == [
        (1, "vi sits", "given twice, as VISITS and as vi sits")
    ]


@pytest.mark.parametrize("lead", [{}, {"vists": 3, "hat": 1}, {"": 3}])
def test_a_lead_of_which_nothing_is_known_is_refused(contract, lead):
    ((row, field, reason),) = refused(lead, contract)
    assert (row, field) == (1, next(iter(lead), ""))
    assert "expected names of the contract, as account, number" in reason
    assert all(json.dumps(name) in reason for name in lead)


def test_the_nearest_column_of_an_unknown_name_is_offered(contract):
    ((_, _, reason),) = refused({"vists": 3}, contract)
    assert reason.endswith("did you mean visits?")


def test_each_lead_without_a_known_name_is_named(contract):
    with pytest.raises(LeadsRefusedError) as error:
        LeadReader(contract).read([{"visits": 1}, {"hat": 1}, {}])
    assert [problem["row"] for problem in error.value.problems] == [2, 3]
    assert error.value.ignored_fields == ["hat"]


def test_a_lead_whose_values_are_all_missing_is_read(contract):
    columns = LeadReader(contract).read([{"visits": None, "region": "n/a"}])
    assert math.isnan(columns["visits"][0])


def test_a_list_or_an_object_under_an_unknown_name_is_refused(contract):
    for value in ([1], {"a": 1}, []):
        ((_, name, reason),) = refused({"visits": 3, "rest": value}, contract)
        assert (name, "holds single values" in reason) == ("rest", True)


def test_names_of_any_length_and_number_are_repeated_in_short(contract):
    ignored = IgnoredNames()
    lead = {"x" * 5000 + str(number): 1 for number in range(300)}
    with pytest.raises(LeadsRefusedError) as error:
        LeadReader(contract).read([lead], ignored=ignored)
    assert len(json.dumps(error.value.problems)) < 2000
    assert len(str(error.value)) < 2000
    assert (ignored.count, len(ignored.listed)) == (300, 50)
    assert max(map(len, ignored.listed)) == 101


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
