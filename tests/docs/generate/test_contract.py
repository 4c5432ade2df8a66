"""docs/contract.md is what the model of a contract says, and its example is a contract."""

import yaml

from docs.generate.contract import EXAMPLE, PAGE, SECTIONS, contract_page
from include.contract import parse_contract


def test_the_committed_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == contract_page(), "run make docs"


def test_the_example_is_a_contract_that_means_what_the_page_says():
    contract = parse_contract(yaml.safe_load(EXAMPLE), "the example")
    assert contract.names.table == "bank_deposits_leads"
    assert contract.names.model == "bank-deposits-classifier"
    assert contract.column("job").label == "Job"
    features = {column.field for column in contract.features()}
    assert features == {"job", "housing", "month", "euribor3m"}


def test_every_key_has_a_row():
    page = contract_page()
    for _, _, model in SECTIONS:
        for name in model.model_fields:
            assert f"| `{name}` |" in page
