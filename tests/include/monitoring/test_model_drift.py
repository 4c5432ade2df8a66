"""What the champion itself shows, with a real model: against its holdout, on current and on matured leads."""

import numpy as np
import pytest

from include.contract import KnownAt
from include.evaluation.evaluate import evaluate_classification_model
from include.monitoring import model_drift as module
from include.monitoring.model_drift import model_drift
from include.monitoring.prediction import load
from include.registry.registry import champion
from include.registry.tracking import connect
from include.settings import settings
from include.training.data.dataset import make_dataset


@pytest.fixture
def watch(crown, contract, accounts_of):
    """Judges a champion of 1,500 accounts by current and matured leads."""

    def judge(current=None, matured=None):
        reference = accounts_of(1500, seed=9)
        crown(reference)
        current = accounts_of(400, seed=3) if current is None else current
        matured = accounts_of(400, seed=4) if matured is None else matured
        serving = champion(
            connect(settings().mlflow.tracking_uri), contract.model_name()
        )
        return model_drift(
            settings().decisions, contract, serving, reference, current, matured
        )

    return judge


def won_at_random(frame):
    return frame.assign(won=np.random.default_rng(0).permutation(frame["won"]))


def test_leads_like_those_of_the_training_start_nothing(watch):
    found = watch()
    assert (found.triggers, found.notes, found.matured_rows) == ((), {}, 400)
    assert found.prediction.score < found.prediction.threshold
    assert {figure.name for figure in found.performance} == {
        "roc_auc",
        "brier",
        "precision",
    }


def test_leads_that_the_champion_scores_higher_start_a_retrain_for_their_predictions(
    watch, accounts_of
):
    frame = accounts_of(400, seed=3)
    assert watch(current=frame.assign(opinion="hot", fit="high")).triggers == (
        "prediction",
    )


def test_columns_that_move_by_the_calendar_do_not_move_the_predictions(
    crown, contract, accounts_of
):
    reference = accounts_of(1500, seed=9)
    crown(reference)
    serving = champion(
        connect(settings().mlflow.tracking_uri), contract.model_name()
    )
    marked = [
        column.model_copy(
            update={"seasonal": column.field in ("opinion", "fit")}
        )
        for column in contract.columns
    ]
    current = accounts_of(400, seed=3).assign(opinion="hot", fit="high")
    drift = model_drift(
        settings().decisions,
        contract.model_copy(update={"columns": tuple(marked)}),
        serving,
        reference,
        current,
        accounts_of(400, seed=4),
    )
    assert drift.triggers == ()
    assert drift.prediction.score < drift.prediction.threshold


def test_outcomes_that_the_champion_does_not_foresee_start_a_retrain_for_its_performance(
    watch, accounts_of
):
    found = watch(matured=won_at_random(accounts_of(400, seed=4)))
    assert found.triggers == ("performance",)
    assert {figure.name for figure in found.performance if figure.drifted} == {
        "roc_auc",
        "brier",
        "precision",
    }


@pytest.mark.parametrize("rows", [0, 199])
def test_too_few_matured_leads_are_not_judged(watch, accounts_of, rows):
    found = watch(matured=won_at_random(accounts_of(200, seed=4)).head(rows))
    assert (found.triggers, found.performance) == ((), ())
    assert found.notes["performance"].startswith("not enough matured labels: ")


def test_open_leads_are_not_matured(watch, accounts_of):
    frame = accounts_of(400, seed=4)
    assert (
        watch(
            matured=frame.assign(won=frame["won"].where(frame.index < 250))
        ).matured_rows
        == 250
    )


def test_matured_leads_from_an_outage_are_not_judged(watch, accounts_of):
    found = watch(
        matured=won_at_random(accounts_of(400, seed=4)).assign(fit=None)
    )
    assert found.triggers == ()
    assert (
        found.notes["performance"] == "matured leads are from an outage of fit"
    )


def test_too_few_held_out_leads_are_no_reference_for_scores(watch, set_up):
    set_up(min_drift_rows=2000)
    assert (
        "held-out leads in the reference, 2000 are needed"
        in watch().notes["prediction"]
    )


def test_a_trigger_that_is_turned_off_is_not_judged(watch, set_up, accounts_of):
    set_up(drift_triggers=["data", "prediction"])
    found = watch(matured=won_at_random(accounts_of(400, seed=4)))
    assert (found.triggers, found.performance) == ((), ())
    assert found.notes == {
        "performance": "turned off by the setting drift_triggers"
    }


def test_the_champion_is_not_loaded_where_nothing_asks_for_it(
    watch, set_up, monkeypatch
):
    set_up(drift_triggers=["data"])
    monkeypatch.setattr(module, "load", None)
    assert set(watch().notes) == {"prediction", "performance"}


def test_the_holdout_figures_are_those_that_a_training_records(
    watch, contract, accounts_of
):
    found = watch()
    data = make_dataset(
        accounts_of(1500, seed=9), contract, KnownAt.CONTACT, {}
    )
    rows, outcome = data.part("holdout")
    recorded = evaluate_classification_model(
        outcome,
        load(
            champion(
                connect(settings().mlflow.tracking_uri), contract.model_name()
            )
        ).scores(rows),
        0.5,
    )
    assert {
        figure.name: figure.holdout for figure in found.performance
    } == pytest.approx(
        {name: recorded[name] for name in ("roc_auc", "brier", "precision")}
    )
