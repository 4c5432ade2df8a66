"""The story's files: folders for each day, both forms, the same rows whatever the parts."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from demo.story import story
from demo.story.__main__ import main
from demo.story.files import Layout, write_story
from demo.story.story import SOURCES, make_world

LEADS = 8


@dataclass(frozen=True)
class Written:
    """A story's folder, and its rows by source, read once; `folder` is the name of the folder of each row."""

    folder: Path
    rows: dict[str, pd.DataFrame]


def _read_csv(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _write(folder, layout, read):
    """Write a small story of several cells, and read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "CELL_SIZE", 4)
        write_story(make_world(LEADS, seed=4), folder, layout)
    rows = {}
    for source in SOURCES:
        paths = sorted((folder / "raw-data" / source).glob("*/*"))
        parts = [read(path).assign(folder=path.parent.name) for path in paths]
        rows[source] = pd.concat(parts, ignore_index=True)
    return Written(folder, rows)


@pytest.fixture(scope="module")
def csv_story(tmp_path_factory):
    folder = tmp_path_factory.mktemp("csv")
    return _write(folder, Layout("csv"), _read_csv)


@pytest.fixture(scope="module")
def parquet_story(tmp_path_factory):
    layout = Layout("parquet", "month", cells_per_part=1)
    folder = tmp_path_factory.mktemp("parquet")
    return _write(folder, layout, pd.read_parquet)


@pytest.mark.parametrize("source", SOURCES)
def test_a_folder_holds_what_arrived_on_its_day(csv_story, source):
    rows = csv_story.rows[source]
    assert (rows["arrived_at"].str[:10] == rows["folder"]).all()


@pytest.mark.parametrize("source", SOURCES)
def test_a_folder_may_hold_what_arrived_in_its_month(parquet_story, source):
    rows = parquet_story.rows[source]
    months = rows["arrived_at"].dt.strftime("%Y-%m")
    assert (months == rows["folder"]).all()


@pytest.mark.parametrize("source", SOURCES)
def test_rows_are_the_same_whatever_the_parts_and_the_form(
    csv_story, parquet_story, source
):
    text = csv_story.rows[source].copy()
    typed = parquet_story.rows[source].copy()
    order = ["row_id", "arrived_at"]
    typed["arrived_at"] = typed["arrived_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    text["row_id"] = text["row_id"].astype("int64")
    text = text.sort_values(order).reset_index(drop=True)
    typed = typed.sort_values(order).reset_index(drop=True)
    assert set(text.columns) == set(typed.columns)
    for name in ("row_id", "arrived_at", "email", "lead_id", "status", "kind"):
        if name in text.columns:
            assert (text[name] == typed[name]).all(), name


def test_parquet_has_types(parquet_story):
    rows = parquet_story.rows["crm/leads"]
    assert str(rows["occurred_at"].dtype).startswith("datetime64[us, UTC")
    assert rows["employees"].dtype == "int64"
    assert rows["budget"].dtype == "float64"


@pytest.mark.parametrize(
    ("source", "pattern"),
    [
        ("crm/leads", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("crm/interactions", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:?00"),
        ("marketing/email", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("marketing/ads", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("applications", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ],
)
def test_each_system_writes_moments_its_own_way(csv_story, source, pattern):
    cells = csv_story.rows[source].copy()["occurred_at"]
    assert cells.str.fullmatch(pattern).all()


@pytest.mark.parametrize(
    ("source", "zone"),
    [
        ("marketing/ads", "America/New_York"),
        ("applications", "Europe/Berlin"),
    ],
)
def test_local_times_are_those_of_the_place(
    csv_story, parquet_story, source, zone
):
    text = (
        csv_story.rows[source]
        .copy()
        .assign(row_id=lambda t: t.row_id.astype(int))
    )
    text = text.drop_duplicates("row_id").set_index("row_id")["occurred_at"]
    typed = parquet_story.rows[source].copy().drop_duplicates("row_id")
    typed = typed.set_index("row_id")["occurred_at"].dt.tz_convert(zone)
    expected = typed.dt.strftime("%Y-%m-%d %H:%M:%S")
    assert (text == expected.loc[text.index]).all()


def test_truth_lies_outside_of_raw_data(csv_story):
    names = {path.name for path in csv_story.folder.iterdir()}
    assert names == {"raw-data", "truth"}
    people = pd.read_parquet(csv_story.folder / "truth" / "people")
    assert len(people) == LEADS
    for source in SOURCES:
        columns = csv_story.rows[source].copy().columns
        assert not [name for name in columns if name.startswith("p_")]
        assert "person_id" not in columns


@pytest.mark.parametrize("source", SOURCES)
def test_the_truth_names_the_person_of_every_row(csv_story, source):
    records = pd.read_parquet(csv_story.folder / "truth" / "records" / source)
    rows = csv_story.rows[source].copy()
    assert set(records["row_id"]) == set(rows["row_id"].astype(int))


def test_a_folder_with_a_story_is_not_overwritten(csv_story):
    with pytest.raises(FileExistsError, match="already holds a story"):
        write_story(make_world(LEADS, seed=4), csv_story.folder)


def test_the_command_line_writes_a_story(tmp_path, monkeypatch):
    command = ["demo.story", "--leads", "3", "--out", str(tmp_path)]
    monkeypatch.setattr("sys.argv", [*command, "--period", "month"])
    main()
    assert len(pd.read_parquet(tmp_path / "truth" / "people")) == 3
