import pandas as pd
import pytest

from include.contract import KnownAt
from include.registry.errors import NoChampionError
from include.scoring.stages import StagedScorer, load_champions
from include.settings import settings


def only(staged, stage):
    return StagedScorer(staged.contract, {stage: staged.scorers[stage]})


def test_each_lead_is_scored_by_the_champion_of_its_stage_in_the_order_given(
    staged, mixed
):
    scores = staged.score(mixed)
    contacted = mixed["opinion"].notna()
    assert scores["account"].tolist() == mixed["account"].tolist()
    assert (
        scores["stage"].map({"contact": True, "capture": False}).tolist()
        == contacted.tolist()
    )
    for stage, chosen in (
        (KnownAt.CONTACT, contacted),
        (KnownAt.CAPTURE, ~contacted),
    ):
        expected = staged.scorers[stage].score(mixed[chosen])
        pd.testing.assert_frame_equal(scores[chosen], expected)


def test_a_row_says_which_version_scored_it(staged, mixed):
    scores = staged.score(mixed)
    origins = scores[["stage", "model_version"]].drop_duplicates()
    assert sorted(map(tuple, origins.to_numpy())) == [
        ("capture", "3"),
        ("contact", "7"),
    ]


@pytest.mark.parametrize(
    "empty", [None, float("nan"), "", "  ", "n/a", " n/a "]
)
def test_a_null_token_in_a_contact_column_is_no_contact(
    staged, accounts, empty
):
    assert set(
        staged.score(accounts.head(5).assign(opinion=empty))["stage"]
    ) == {"capture"}


def test_neither_the_label_nor_an_earlier_column_says_that_a_lead_was_contacted(
    staged, accounts
):
    leads = accounts.head(5).assign(opinion=None)
    assert leads["won"].notna().all()
    assert leads["fit"].notna().all()
    assert set(staged.score(leads)["stage"]) == {"capture"}


@pytest.mark.parametrize("stage", [KnownAt.CONTACT, KnownAt.CAPTURE])
def test_a_stage_without_a_champion_is_scored_by_the_other_and_says_so(
    staged, mixed, stage
):
    scores = only(staged, stage).score(mixed)
    assert set(scores["stage"]) == {str(stage)}
    pd.testing.assert_frame_equal(scores, staged.scorers[stage].score(mixed))


def test_repeated_and_unordered_index_values_do_not_mix_up_leads(staged, mixed):
    shuffled = mixed.sample(frac=1, random_state=1)
    repeated = shuffled.set_index(pd.Index([1] * len(mixed)))
    expected = staged.score(mixed).set_index("account").loc[shuffled["account"]]
    scores = staged.score(repeated)
    assert scores.index.tolist() == [1] * len(mixed)
    pd.testing.assert_frame_equal(scores.set_index("account"), expected)


def test_no_leads_give_no_scores_with_the_same_columns(staged, mixed):
    none = staged.score(mixed.head(0), 3)
    assert (len(none), list(none)) == (0, list(staged.score(mixed, 3)))


def test_contact_columns_cannot_change_a_capture_score(staged, mixed):
    capture = only(staged, KnownAt.CAPTURE)
    pd.testing.assert_frame_equal(
        capture.score(mixed.assign(opinion="hot"), 3), capture.score(mixed, 3)
    )


def test_the_champions_of_both_stages_are_loaded(registered, contract, mixed):
    versions = {
        "contact": registered(),
        "capture": registered(stage=KnownAt.CAPTURE),
    }
    scores = load_champions(settings(), contract).score(mixed)
    assert (
        dict(zip(scores["stage"], scores["model_version"], strict=True))
        == versions
    )


def test_one_stages_champion_is_enough(registered, contract, mixed):
    registered(stage=KnownAt.CAPTURE)
    assert set(load_champions(settings(), contract).score(mixed)["stage"]) == {
        "capture"
    }


def test_without_any_champion_the_error_says_how_to_get_one(contract, tracking):
    with pytest.raises(NoChampionError, match="data_drift_redshift_retrain"):
        load_champions(settings(), contract)
