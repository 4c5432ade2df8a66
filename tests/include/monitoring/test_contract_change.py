"""Which columns the contract has gained or lost since a snapshot was taken."""

import pytest

from include.contract.model import Outcome
from include.decisions import Decisions
from include.monitoring.contract_change import ContractChange, contract_change


@pytest.fixture
def snapshot(accounts):
    """Leads as a training unloads them: with the columns that the platform and the feedback add."""
    return accounts.assign(
        source_file="a.csv",
        ingested_at=None,
        label_at=None,
        training_label=accounts["won"],
        training_weight=1.0,
    )


def test_what_the_platform_adds_to_a_snapshot_is_no_change(contract, snapshot):
    assert not contract_change(contract, snapshot)


def test_added_columns_come_in_the_contracts_order_and_removed_ones_by_name(
    contract, snapshot
):
    before = snapshot.drop(columns=["minutes", "visits"]).assign(
        size=1, budget=2
    )
    in_order = tuple(
        field for field in contract.fields if field in ("minutes", "visits")
    )
    assert contract_change(contract, before) == ContractChange(
        in_order, ("budget", "size")
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ContractChange(added=("a", "b")),
            "contract changed, columns added: a, b",
        ),
        (
            ContractChange(removed=("c",)),
            "contract changed, columns removed: c",
        ),
        (
            ContractChange(("a",), ("c",)),
            "contract changed, columns added: a; columns removed: c",
        ),
        (ContractChange(), "contract unchanged"),
    ],
)
def test_a_change_is_said_in_words(change, words):
    assert str(change) == words


def test_a_further_outcome_is_no_reason_for_a_new_model(contract, snapshot):
    kept = contract.column("won").model_copy(
        update={"name": "Kept", "field": "kept", "known_at": "outcome"}
    )
    outcomes = tuple(
        Outcome(field=field, names=contract.names, decisions=Decisions())
        for field in ("won", "kept")
    )
    columns = (*contract.columns, kept)
    changes = {"columns": columns, "outcomes": outcomes}
    assert not contract_change(contract.model_copy(update=changes), snapshot)
    as_feature = contract.model_copy(update={"columns": columns})
    assert contract_change(as_feature, snapshot).added == ("kept",)
