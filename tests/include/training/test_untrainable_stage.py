"""A stage whose leads cannot be trained on is refused by name, and keeps nobody else from going on."""

import pytest
from mlflow.tracking import MlflowClient

from include.contract import load_contract
from include.evaluation.errors import OneClassOnlyError
from include.features.errors import NoUsefulColumnError
from include.settings import settings
from include.training import challenger, train
from include.training.errors import NotEnoughRowsError, NoUsableFamilyError

FEW = "900 labelled leads give 9 of the rarer outcome on the holdout side"
UNTRAINED = {"stage": "capture", "family": "lightgbm", "refused": FEW}
TRAINED = {
    "stage": "capture",
    "family": "decision_tree",
    "metrics": {"unseen_roc_auc": 0.8},
}


@pytest.fixture
def training() -> train.FamilyTraining:
    return train.FamilyTraining(
        decisions=settings().decisions,
        contract=load_contract("x_education"),
        client=MlflowClient("http://127.0.0.1:9"),
        snapshot_uri="s3://no/such/snapshot/",
        family="lightgbm",
        stage="capture",
        parent_run_id="parent",
    )


@pytest.mark.parametrize(
    "error", [NotEnoughRowsError, OneClassOnlyError, NoUsefulColumnError]
)
def test_leads_that_cannot_be_trained_on_are_a_result_with_the_reason(
    monkeypatch, training, error
):
    def refuse(*arguments):
        raise error(FEW)

    monkeypatch.setattr(train, "train_family", refuse)
    assert train.try_family(training) == UNTRAINED


def test_any_other_error_of_a_training_stays_one(monkeypatch, training):
    def fail(*arguments):
        raise KeyError("oracle")

    monkeypatch.setattr(train, "train_family", fail)
    with pytest.raises(KeyError, match="oracle"):
        train.try_family(training)


@pytest.fixture
def register(monkeypatch):
    """Registers the challenger of stage capture from results, with the refit left out."""
    monkeypatch.setattr(challenger, "find_version", lambda *arguments: None)

    def first_usable(*arguments):
        return challenger._first_usable(
            settings(),
            load_contract("x_education"),
            None,
            None,
            "capture",
            *arguments,
            "roc_auc",
            "parent",
        )

    def register_results(results):
        return challenger.register_challenger(
            settings(),
            load_contract("x_education"),
            None,
            "s3://no/such/snapshot/",
            results,
            "capture",
            "parent",
        )

    return register_results, first_usable


def test_a_stage_that_no_family_can_be_trained_for_is_refused_with_the_reasons(
    register,
):
    register_results, _ = register
    of_another_stage = TRAINED | {"stage": "contact"}
    with pytest.raises(NoUsableFamilyError, match="stage capture") as error:
        register_results([UNTRAINED, of_another_stage])
    assert error.value.refused == {"lightgbm": FEW}


def test_a_family_that_cannot_be_trained_is_named_beside_the_one_that_is_registered(
    register, monkeypatch
):
    _, first_usable = register

    def register_winner(*arguments):
        choice, refused = arguments[4], arguments[5]
        return choice.winner["family"], refused

    monkeypatch.setattr(challenger, "_train_and_register", register_winner)
    version = first_usable([TRAINED], {"lightgbm": FEW})
    assert version == ("decision_tree", {"lightgbm": FEW})
