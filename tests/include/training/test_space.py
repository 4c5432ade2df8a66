"""search.yaml."""

import pytest
from pydantic import ValidationError

from include.contract import KnownAt
from include.decisions import Decisions
from include.training.errors import SearchSpaceError
from include.training.families import FAMILIES, NATIVE_FAMILIES
from include.training.pipeline import build_pipeline
from include.training.space import SearchSpace, search_space


def test_every_family_has_its_grid_and_f1_over_three_folds_is_the_default():
    space = search_space()
    assert set(space.families) == set(FAMILIES)
    assert (space.scoring, space.folds) == ("f1", 3)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_setting_of_a_grid_is_one_the_pipeline_has(contract, family):
    known = build_pipeline(
        Decisions(), contract, family, KnownAt.CONTACT
    ).get_params()
    for grid in search_space().families[family].grid:
        assert set(grid) <= set(known)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_tried_with_and_without_smote(family):
    tried = {
        method
        for grid in search_space().families[family].grid
        for method in grid["resample__method"]
    }
    assert tried == {"none", "smote"}


def test_one_grid_is_a_list_of_one():
    content = {
        "folds": 2,
        "scoring": "f1",
        "families": {"a": {"grid": {"model__C": [1]}}},
    }
    assert SearchSpace.model_validate(content).families["a"].grid == [
        {"model__C": [1]}
    ]


def space_of(family, **grid):
    content = {
        "folds": 3,
        "scoring": "f1",
        "families": {family: {"grid": [{"resample__method": ["smote"]}, grid]}},
    }
    return SearchSpace.model_validate(content)


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - set(NATIVE_FAMILIES)))
def test_a_family_that_cannot_split_levels_itself_refuses_native_ones_by_name(
    contract, family
):
    with pytest.raises(
        ValidationError,
        match=f"{family} cannot split levels itself .* only xgboost and lightgbm can",
    ):
        space_of(family, encode__levels=["onehot", "native"])
    with pytest.raises(
        SearchSpaceError, match=f"{family} cannot split levels itself"
    ):
        build_pipeline(
            Decisions(),
            contract,
            family,
            KnownAt.CONTACT,
            {"encode__levels": "native"},
        )


@pytest.mark.parametrize("family", NATIVE_FAMILIES)
def test_native_levels_and_smote_are_refused_together_and_may_stand_in_two_grids(
    contract, family
):
    assert (
        len(space_of(family, encode__levels=["native"]).families[family].grid)
        == 2
    )
    with pytest.raises(
        ValidationError, match=f"{family}: SMOTE would make up levels"
    ):
        space_of(
            family,
            encode__levels=["native"],
            resample__method=["none", "smote"],
        )
    with pytest.raises(SearchSpaceError, match="give each a grid of its own"):
        build_pipeline(
            Decisions(),
            contract,
            family,
            KnownAt.CONTACT,
            {"encode__levels": "native", "resample__method": "smote"},
        )


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"folds": 1}, "folds"),
        ({"folds": 11}, "folds"),
        ({"families": {"a": {"grid": {"model__C": []}}}}, "model__C"),
        ({"fold": 3}, "fold"),
    ],
)
def test_a_mistake_names_its_key(change, key):
    with pytest.raises(ValidationError, match=key):
        SearchSpace.model_validate(
            {"folds": 3, "scoring": "f1", "families": {}} | change
        )
