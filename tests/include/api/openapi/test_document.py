import pytest

from include.api.openapi.document import document
from include.contract import load_contract
from include.settings import settings


@pytest.fixture
def api(contract):
    return document(contract, settings().api)


def test_every_route_but_the_pages_is_described(client, api):
    routes = {
        (rule.rule, method.lower())
        for rule in client.application.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule != "/" and not rule.rule.startswith(("/static", "/desk"))
    }
    assert {
        (path, method)
        for path, methods in api["paths"].items()
        for method in methods
    } == routes


@pytest.mark.parametrize("name", ["x_education", None])
def test_every_field_of_a_lead_is_described(contract, name):
    contract = load_contract(name) if name else contract
    lead = document(contract, settings().api)["components"]["schemas"]["Lead"][
        "properties"
    ]
    assert list(lead) == list(contract.fields)
    assert [
        field
        for field, schema in lead.items()
        if not ("anyOf" in schema or "type" in schema)
    ] == []


def test_the_open_routes_are_those_that_ask_for_no_key(client, api):
    views = client.application.view_functions
    opened = {rule.rule for rule in client.application.url_map.iter_rules()
              if getattr(views[rule.endpoint], "open_to_all", False)}  # fmt: skip
    assert {
        path
        for path, methods in api["paths"].items()
        for call in methods.values()
        if call.get("security") == []
    } == opened


def test_every_route_with_a_key_tells_the_refusals_of_one(api):
    keyed = [
        call
        for methods in api["paths"].values()
        for call in methods.values()
        if call.get("security") != []
    ]
    assert len(keyed) == 6
    assert [
        call["summary"]
        for call in keyed
        if not {"401", "429", "503"} <= set(call["responses"])
    ] == []
