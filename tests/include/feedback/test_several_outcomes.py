"""Words on the scores of a contract with two outcomes: each goes to the outcome that it names, and to no other."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.contract import load_contract
from include.feedback.collect import collect
from include.feedback.errors import FeedbackRefusedError
from include.feedback.verdicts import keep, said
from include.lake.frames import read_parquet
from include.lake.layout import Layout
from include.lake.objects import (
    list_objects,
    read_bytes,
    read_json,
    write_bytes,
)
from include.settings import settings
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

STORY = Path(__file__).parents[3] / "demo" / "story" / "b2b_crm.yaml"
MONDAY = datetime(2026, 2, 2, 9, tzinfo=UTC)
CONTENT = {
    "lead": "p-1",
    "rep": "asha",
    "verdict": "too_low",
    "model_version": "3",
}


@pytest.fixture(scope="module")
def contract():
    return load_contract(str(STORY))


def word(contract, **changes):
    return said(CONTENT | changes, MONDAY, "crm", contract.labels)


def test_a_word_without_a_name_is_about_the_main_outcome_however_that_is_said(
    contract,
):
    plain = word(contract)
    assert plain.outcome_name is None
    assert word(contract, outcome_name="converted") == plain


def test_the_same_word_about_another_outcome_is_another_word(contract):
    other = word(contract, outcome_name="approved")
    assert other.outcome_name == "approved"
    assert other.id != word(contract).id


@pytest.mark.parametrize("name", ["aproved", "lead_id", "", "a b", 1])
def test_an_outcome_that_the_contract_has_not_is_refused_by_name(
    contract, name
):
    with pytest.raises(FeedbackRefusedError) as refused:
        word(contract, outcome_name=name)
    assert refused.value.problems[0]["field"] == "outcome_name"


def test_each_outcome_collects_its_own_words(contract, bucket):
    layout = Layout(settings(), contract)
    keep(word(contract), layout)
    keep(word(contract, outcome_name="approved", verdict="right"), layout)
    assert collected(layout, contract, "converted") == ["too_low"]
    assert collected(layout, contract, "approved") == ["right"]


def test_a_word_in_the_folder_of_another_outcome_goes_to_quarantine(
    contract, bucket
):
    layout = Layout(settings(), contract)
    keep(word(contract), layout)
    (main,) = list_objects(layout.feedback)
    other = layout.for_outcome("approved").feedback
    write_bytes(main.replace(layout.feedback, other), read_bytes(main))
    assert collected(layout, contract, "approved") == []
    (uri,) = list_objects(layout.feedback_quarantine)
    assert "is not that of the folder" in read_json(uri)["reason"]


def collected(layout, contract, outcome):
    """Collect the words on an outcome, as the task does; return their verdicts."""
    view = contract.for_outcome(outcome)
    statements = Statements(settings(), view)
    warehouse = Warehouse(settings(), timeout=60)
    for name in ("create_feedback", "create_feedback_withdrawals"):
        warehouse.execute(statements.render(name))
    counts = collect(
        layout.for_outcome(outcome), statements, warehouse, "a-run"
    )
    return read_parquet(counts["feedback_uri"])["verdict"].tolist()
