"""Champions whose pipeline has steps that this version of the scorer does not know: what they can do decides."""

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from include.contract import KnownAt
from include.decisions import Decisions
from include.scoring.errors import ChampionUnusableError
from include.scoring.scorer import PROBABILITY_DIGITS, scorer_of
from include.training.pipeline import build_pipeline, deployable

STEPS = ("clean", "group", "select", "cap", "encode")
BY_TREES = "lightgbm"
BY_COEFFICIENTS = "logistic_regression"


def with_step(pipeline, place, step):
    """The pipeline with one more step at a place."""
    steps = list(pipeline.steps)
    steps.insert(place, ("extra", step))
    return type(pipeline)(steps)


def same_names(work=None):
    return FunctionTransformer(work, feature_names_out="one-to-one")


@pytest.fixture
def rescored(contract, accounts):
    """Maker of a scorer for the pipeline of another one with a further step; it must score as the pipeline does."""

    def make(scorer, place, step):
        frame = accounts
        for _, earlier in scorer.pipeline.steps[:place]:
            frame = earlier.transform(frame)
        pipeline = with_step(scorer.pipeline, place, step.fit(frame))
        again = scorer_of(contract, KnownAt.CONTACT, scorer.champion, pipeline)
        expected = pipeline.predict_proba(accounts)[:, 1].round(
            PROBABILITY_DIGITS
        )
        assert (
            again.score(accounts)["probability"].tolist() == expected.tolist()
        )
        return again

    return make


@pytest.mark.slow
@pytest.mark.parametrize("family", [BY_COEFFICIENTS, BY_TREES])
@pytest.mark.parametrize("place", range(len(STEPS)))
def test_a_step_that_changes_nothing_changes_neither_scores_nor_reasons(
    scorer_for, rescored, accounts, family, place
):
    scorer = scorer_for(KnownAt.CONTACT, family)
    again = rescored(scorer, place, same_names())
    assert again.score(accounts, 3).equals(scorer.score(accounts, 3))


@pytest.mark.parametrize("family", [BY_COEFFICIENTS, BY_TREES])
def test_what_a_step_changes_is_in_the_scores(
    scorer_for, rescored, accounts, family
):
    scorer = scorer_for(KnownAt.CONTACT, family)
    again = rescored(
        scorer,
        1,
        same_names(
            lambda frame: frame.assign(minutes=frame["minutes"].clip(upper=10))
        ),
    )
    assert not again.score(accounts)["probability"].equals(
        scorer.score(accounts)["probability"]
    )


def test_trees_behind_a_step_that_leaves_cells_missing_are_read_by_their_own_library(
    scorer_for, rescored, accounts
):
    scorer = scorer_for(KnownAt.CONTACT, BY_TREES)
    again = rescored(
        scorer,
        len(STEPS),
        same_names(lambda matrix: np.where(matrix == 0, np.nan, matrix)),
    )
    assert again.sums is None
    assert again.reasons.attribution.trees is None
    assert again.score(accounts, 3)["reasons"].notna().all()


@pytest.mark.parametrize("family", [BY_COEFFICIENTS, BY_TREES])
def test_a_column_that_a_step_makes_of_others_is_scored_but_not_explained(
    scorer_for, contract, accounts, caplog, family
):
    template = scorer_for(KnownAt.CONTACT, family)
    pace = FunctionTransformer(
        lambda frame: frame.assign(
            pace=frame["minutes"] / frame["visits"].clip(lower=1)
        ),
        feature_names_out=lambda _, names: [*names, "pace"],
    )
    unfitted = with_step(
        build_pipeline(Decisions(), contract, family, KnownAt.CONTACT), 1, pace
    )
    fitted = unfitted.fit(accounts, accounts[contract.label])
    model = template.model
    pipeline = deployable(fitted, model.calibration, model.decision)
    scores = scorer_of(
        contract, KnownAt.CONTACT, template.champion, pipeline
    ).score(accounts, 3)
    assert (
        scores["probability"].tolist()
        == pipeline.predict_proba(accounts)[:, 1]
        .round(PROBABILITY_DIGITS)
        .tolist()
    )
    assert scores["reasons"].isna().all()
    assert "pace" in caplog.text


def test_columns_without_a_field_in_their_name_are_scored_but_not_explained(
    scorer_for, rescored, accounts, caplog
):
    renamed = FunctionTransformer(
        feature_names_out=lambda _, names: [
            f"c{place}" for place in range(len(names))
        ]
    )
    again = rescored(scorer_for(KnownAt.CONTACT, BY_TREES), len(STEPS), renamed)
    assert again.score(accounts, 3)["reasons"].isna().all()
    assert "do not say which field they come from" in caplog.text


def test_a_pipeline_that_does_not_type_its_columns_is_refused_with_the_way_out(
    scorer, contract
):
    untyped = Pipeline(scorer.pipeline.steps[1:])
    with pytest.raises(
        ChampionUnusableError,
        match=r"/7 has no TypedColumns .*roll back with promote_model",
    ):
        scorer_of(contract, KnownAt.CONTACT, scorer.champion, untyped)


def test_a_column_that_the_contract_gets_later_leaves_the_champions_scores_and_reasons_as_they_are(
    scorer, contract, accounts
):
    column = contract.column("region").model_copy(
        update={"name": "Language", "field": "language"}
    )
    wider = contract.model_copy(update={"columns": (*contract.columns, column)})
    again = scorer_of(wider, KnownAt.CONTACT, scorer.champion, scorer.pipeline)
    leads = accounts.assign(language="English")
    assert again.score(leads, 3).equals(scorer.score(accounts, 3))


def test_a_column_that_the_contract_loses_costs_the_champion_its_reasons_but_not_its_scores(
    scorer, contract, caplog
):
    columns = tuple(
        column for column in contract.columns if column.field != "region"
    )
    narrower = contract.model_copy(update={"columns": columns})
    again = scorer_of(
        narrower, KnownAt.CONTACT, scorer.champion, scorer.pipeline
    )
    assert again.reasons is None
    assert "columns of region, which the contract does not have" in caplog.text
