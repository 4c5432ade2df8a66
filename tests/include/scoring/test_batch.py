import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime

import pandas as pd
import pytest

from include.lake.frames import read_parquet, write_parquet
from include.lake.objects import list_objects
from include.registry.errors import NoChampionError
from include.scoring import batch
from include.scoring.batch import REASONS, score_batch
from include.scoring.score_row import scores_schema
from include.settings import settings

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def champions(monkeypatch, staged):
    """The scorer in memory as the registry's champions; loading real ones is test_stages' business."""
    monkeypatch.setattr(
        batch, "load_champions", lambda settings, contract: staged
    )
    return staged


@pytest.fixture
def open_leads(layout, mixed):
    folder = layout.open_leads("a-run")
    write_parquet(mixed.assign(won=None), f"{folder}0000_part_00.parquet")
    return folder


def test_every_open_lead_is_scored_as_the_scorer_does(
    champions, open_leads, layout, mixed, contract
):
    score_batch(
        settings(),
        contract,
        open_leads,
        layout.scores("a-run"),
        scored_at=MOMENT,
    )
    scores, expected = (
        read_parquet(layout.scores("a-run")),
        champions.score(mixed, REASONS),
    )
    assert scores["probability"].tolist() == expected["probability"].tolist()
    assert scores["stage"].tolist() == expected["stage"].tolist()
    assert (
        scores["reasons"].map(json.loads).tolist()
        == expected["reasons"].tolist()
    )


def test_the_summary_tells_rows_versions_and_place(
    champions, open_leads, layout, contract
):
    assert score_batch(
        settings(),
        contract,
        open_leads,
        layout.scores("a-run"),
        scored_at=MOMENT,
    ) == {
        "rows": 600,
        "rows_by_stage": {"contact": 200, "capture": 400},
        "model_versions": {"contact": "7", "capture": "3"},
        "scores_uri": f"{layout.scores('a-run')}scores.parquet",
    }


def test_rows_say_which_model_run_and_moment_they_come_from(
    champions, open_leads, layout, contract
):
    score_batch(
        settings(),
        contract,
        open_leads,
        layout.scores("a-run"),
        scored_at=MOMENT,
    )
    scores = read_parquet(layout.scores("a-run"))
    origins = scores[["stage", "model_version", "run_id"]].drop_duplicates()
    assert sorted(map(tuple, origins.to_numpy())) == [
        ("capture", "3", "a-run"),
        ("contact", "7", "a-run"),
    ]
    assert set(scores["scored_at"]) == {MOMENT.replace(tzinfo=None)}


def test_many_leads_are_scored_in_parts_with_the_same_result(
    champions, open_leads, layout, monkeypatch, contract
):
    score_batch(
        settings(),
        contract,
        open_leads,
        layout.scores("whole"),
        "a-run",
        MOMENT,
    )
    monkeypatch.setattr(batch, "CHUNK", 100)
    score_batch(
        settings(),
        contract,
        open_leads,
        layout.scores("parts"),
        "a-run",
        MOMENT,
    )
    pd.testing.assert_frame_equal(
        read_parquet(layout.scores("parts")),
        read_parquet(layout.scores("whole")),
    )


def test_columns_stand_in_the_order_of_the_warehouse_table(
    statements, contract, layout
):
    statement = statements.render("create_scores")
    places = [
        statement.index(f"    {name} ")
        for name in scores_schema(contract).names
    ]
    assert places == sorted(places)
    assert statement.count("\n    ") == len(places)


def test_a_second_attempt_replaces_the_scores_of_the_first(
    champions, open_leads, layout, contract
):
    for _ in range(2):
        score_batch(
            settings(),
            contract,
            open_leads,
            layout.scores("a-run"),
            scored_at=MOMENT,
        )
    assert len(read_parquet(layout.scores("a-run"))) == 600


def test_what_another_way_left_in_the_folder_is_not_loaded_too(
    champions, open_leads, layout, contract
):
    write_parquet(
        pd.DataFrame({"account": ["of Spark"]}),
        f"{layout.scores('a-run')}part-00000.parquet",
    )
    score_batch(
        settings(),
        contract,
        open_leads,
        layout.scores("a-run"),
        scored_at=MOMENT,
    )
    assert list_objects(layout.scores("a-run")) == [
        f"{layout.scores('a-run')}scores.parquet"
    ]


PEAK = """
import pickle, resource, sys
from include.scoring import batch
from include.scoring.scorer import scorer_of
from include.scoring.stages import StagedScorer
from include.settings import settings
contract, champions = pickle.loads(open(sys.argv[1], "rb").read())
scorers = {stage: scorer_of(contract, stage, serving, pipeline) for stage, (serving, pipeline) in champions.items()}
batch.load_champions = lambda settings, contract: StagedScorer(contract, scorers)
batch.score_batch(settings(), contract, sys.argv[2], sys.argv[3], "a-run")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture
def peak_of(staged, mixed, layout, tmp_path):
    """Peak of memory, in MB, of a process that scores so many leads."""
    champions = {
        stage: (one.champion, one.pipeline)
        for stage, one in staged.scorers.items()
    }
    (tmp_path / "champions.pkl").write_bytes(
        pickle.dumps((staged.contract, champions))
    )

    def peak(rows: int) -> float:
        leads = pd.concat(
            [mixed] * (rows // len(mixed)), ignore_index=True
        ).assign(won=None)
        write_parquet(
            leads, f"{layout.open_leads(f'r{rows}')}0000_part_00.parquet"
        )
        uris = (layout.open_leads(f"r{rows}"), layout.scores(f"r{rows}"))
        command = [
            sys.executable,
            "-c",
            PEAK,
            str(tmp_path / "champions.pkl"),
            *uris,
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True
        )
        assert len(read_parquet(layout.scores(f"r{rows}"))) == len(leads)
        return int(done.stdout.splitlines()[-1]) / 1024

    return peak


def test_memory_does_not_grow_with_the_number_of_leads(peak_of):
    few, many = peak_of(12_000), peak_of(60_000)
    # Held all at once, 48,000 more leads with their reasons are about 150 MB.
    assert many - few < 50, (
        f"{few:.0f} MB for 12,000 leads, {many:.0f} MB for 60,000"
    )


def test_no_open_lead_gives_an_empty_file_that_copy_can_read(
    champions, layout, contract
):
    summary = score_batch(
        settings(),
        contract,
        layout.open_leads("nothing-unloaded"),
        layout.scores("a-run"),
        scored_at=MOMENT,
    )
    scores = read_parquet(layout.scores("a-run"))
    assert (summary["rows"], len(scores), list(scores.columns)) == (
        0,
        0,
        scores_schema(champions.contract).names,
    )


def test_without_a_champion_nothing_is_written(
    open_leads, layout, tracking, contract
):
    with pytest.raises(NoChampionError):
        score_batch(settings(), contract, open_leads, layout.scores("a-run"))
    with pytest.raises(LookupError, match="no such object"):
        read_parquet(layout.scores("a-run"))
