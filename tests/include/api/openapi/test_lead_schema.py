import json

import jsonschema
import pytest

from include.api.openapi.lead_schema import field_schema, lead_schema
from include.contract import load_contract
from include.contract.cells import LARGEST, LARGEST_INTEGER
from include.scoring.errors import LeadsRefusedError
from include.scoring.leads.reader import LeadReader

VALUES = [
    None, "", " n/a ", "Select", 0, 1, 2, 3.5, -1, 7.0, LARGEST_INTEGER, LARGEST_INTEGER + 1, LARGEST,
    LARGEST + 2, 1e300, True, "12", " 12 ", "1.5", "many",
    "Yes", " No ", "yes", "low", " mid", "medium", [], {}, "'; DROP TABLE x; --", "<b>", "x" * 5000, "\0",
]  # fmt: skip


def accepted(contract, field, value):
    try:
        LeadReader(contract).read([{field: value}])
    except LeadsRefusedError:
        return False
    return True


@pytest.mark.parametrize("name", ["accounts", "x_education"])
def test_the_schema_allows_of_every_field_what_the_api_accepts(contract, name):
    contract = contract if name == "accounts" else load_contract(name)
    schema = json.loads(json.dumps(lead_schema(contract, 100)))
    validator = jsonschema.Draft202012Validator(schema)
    differing = [
        (column.field, value)
        for column in contract.columns
        for value in VALUES
        if validator.is_valid({column.field: value})
        != accepted(contract, column.field, value)
        and not (
            isinstance(value, str) and (column.minimum or column.maximum)
        )  # bounds of a text have no pattern
    ]
    assert differing == []


@pytest.mark.parametrize("lead", [{}, {"hat": 1}, {"visits": 3, "rest": [1]}])
def test_a_lead_without_a_known_field_or_with_a_list_is_not_allowed(
    contract, lead
):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(lead, lead_schema(contract, 100))
    with pytest.raises(LeadsRefusedError):
        LeadReader(contract).read([lead])


def test_a_field_tells_its_bounds_its_unit_its_header_and_its_levels():
    contract = load_contract("x_education")
    minutes = field_schema(
        contract.column("total_time_spent_on_website"), contract.null_tokens
    )
    assert (minutes["anyOf"][0]["type"], minutes["anyOf"][0]["minimum"]) == (
        "integer",
        0,
    )
    assert "Header: Total Time Spent on Website" in minutes["description"]
    assert minutes["description"].endswith("in min.")
    assert (
        "Google"
        in field_schema(contract.column("lead_source"), contract.null_tokens)[
            "examples"
        ]
    )
