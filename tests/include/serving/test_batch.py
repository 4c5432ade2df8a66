from datetime import UTC, datetime

import pytest

from include.lake.frames import read_parquet, write_parquet
from include.registry.registry import NoChampion
from include.serving import batch
from include.serving.batch import score_batch, scores_schema
from include.warehouse.templates import render

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def champion(monkeypatch, scorer):
    """The scorer in memory as the registry's champion; loading a real one is test_scorer's business."""
    monkeypatch.setattr(batch, "load_champion", lambda stage: scorer)
    return scorer


@pytest.fixture
def open_leads(layout, accounts):
    folder = layout.open_leads("a-run")
    write_parquet(accounts.assign(won=None), f"{folder}0000_part_00.parquet")
    return folder


def test_every_open_lead_is_scored_as_the_scorer_does(champion, open_leads, layout, accounts):
    summary = score_batch(open_leads, layout.scores("a-run"), scored_at=MOMENT)
    scores = read_parquet(layout.scores("a-run"))
    assert summary == {"rows": 600, "model_version": "7", "scores_uri": f"{layout.scores('a-run')}scores.parquet"}
    assert scores["probability"].tolist() == champion.score(accounts)["probability"].tolist()


def test_rows_say_which_model_run_and_moment_they_come_from(champion, open_leads, layout):
    score_batch(open_leads, layout.scores("a-run"), scored_at=MOMENT)
    (origin,) = (
        read_parquet(layout.scores("a-run"))[["stage", "model_version", "run_id"]].drop_duplicates().to_dict("records")
    )
    assert origin == {"stage": "contact", "model_version": "7", "run_id": "a-run"}
    assert set(read_parquet(layout.scores("a-run"))["scored_at"]) == {MOMENT.replace(tzinfo=None)}


def test_columns_stand_in_the_order_of_the_warehouse_table(contract, layout):
    statement = render("create_scores")
    places = [statement.index(f"    {name} ") for name in scores_schema(contract).names]
    assert places == sorted(places)
    assert statement.count("\n    ") == len(places)


def test_a_second_attempt_replaces_the_scores_of_the_first(champion, open_leads, layout):
    for _ in range(2):
        score_batch(open_leads, layout.scores("a-run"), scored_at=MOMENT)
    assert len(read_parquet(layout.scores("a-run"))) == 600


def test_no_open_lead_gives_an_empty_file_that_copy_can_read(champion, layout):
    summary = score_batch(layout.open_leads("nothing-unloaded"), layout.scores("a-run"), scored_at=MOMENT)
    scores = read_parquet(layout.scores("a-run"))
    assert (summary["rows"], len(scores), list(scores.columns)) == (0, 0, scores_schema(champion.contract).names)


def test_without_a_champion_nothing_is_written(open_leads, layout, tracking):
    with pytest.raises(NoChampion):
        score_batch(open_leads, layout.scores("a-run"))
    with pytest.raises(LookupError, match="no such object"):
        read_parquet(layout.scores("a-run"))
