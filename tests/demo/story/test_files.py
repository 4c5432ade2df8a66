"""The story's files: folders for each day, both forms, the same rows whatever the parts."""

import pandas as pd
import pytest

from demo.story import story
from demo.story.dates import EMAIL_OUTAGE
from demo.story.files import write_story
from demo.story.story import SOURCES, make_world

LEADS = 400


@pytest.fixture(scope="module")
def small_cells():
    """Make cells of 100 people, so that a small story has several."""
    patch = pytest.MonkeyPatch()
    patch.setattr(story, "CELL_SIZE", 100)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def csv_folder(tmp_path_factory, small_cells):
    folder = tmp_path_factory.mktemp("csv")
    write_story(make_world(LEADS, seed=4), folder, "csv")
    return folder


@pytest.fixture(scope="module")
def parquet_folder(tmp_path_factory, small_cells):
    folder = tmp_path_factory.mktemp("parquet")
    world = make_world(LEADS, seed=4)
    write_story(world, folder, "parquet", cells_per_part=1)
    return folder


def _csv(folder, source):
    paths = sorted((folder / "raw-data" / source).glob("*/*.csv"))
    parts = [
        pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths
    ]
    return pd.concat(parts, ignore_index=True)


def _parquet(folder, source):
    paths = sorted((folder / "raw-data" / source).glob("*/*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in paths])


@pytest.mark.parametrize("source", SOURCES)
def test_a_folder_holds_what_arrived_on_its_day(csv_folder, source):
    for path in (csv_folder / "raw-data" / source).glob("*/*.csv"):
        arrived_at = pd.read_csv(path, dtype=str)["arrived_at"]
        assert set(arrived_at.str[:10]) == {path.parent.name}


@pytest.mark.parametrize("source", SOURCES)
def test_rows_are_the_same_whatever_the_parts_and_the_form(
    csv_folder, parquet_folder, source
):
    text = _csv(csv_folder, source)
    typed = _parquet(parquet_folder, source)
    order = ["row_id", "arrived_at"]
    typed["arrived_at"] = typed["arrived_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    text["row_id"] = text["row_id"].astype("int64")
    text = text.sort_values(order).reset_index(drop=True)
    typed = typed.sort_values(order).reset_index(drop=True)
    assert list(text.columns) == list(typed.columns)
    for name in ("row_id", "arrived_at", "email", "lead_id", "status", "kind"):
        if name in text.columns:
            assert (text[name] == typed[name]).all(), name


def test_parquet_has_types(parquet_folder):
    rows = _parquet(parquet_folder, "crm/leads")
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
def test_each_system_writes_moments_its_own_way(csv_folder, source, pattern):
    cells = _csv(csv_folder, source)["occurred_at"]
    assert cells.str.fullmatch(pattern).all()


@pytest.mark.parametrize(
    ("source", "zone"),
    [
        ("marketing/ads", "America/New_York"),
        ("applications", "Europe/Berlin"),
    ],
)
def test_local_times_are_those_of_the_place(
    csv_folder, parquet_folder, source, zone
):
    text = _csv(csv_folder, source).assign(
        row_id=lambda t: t.row_id.astype(int)
    )
    text = text.drop_duplicates("row_id").set_index("row_id")["occurred_at"]
    typed = _parquet(parquet_folder, source).drop_duplicates("row_id")
    typed = typed.set_index("row_id")["occurred_at"].dt.tz_convert(zone)
    expected = typed.dt.strftime("%Y-%m-%d %H:%M:%S")
    assert (text == expected.loc[text.index]).all()


def test_no_email_event_arrives_during_the_outage(csv_folder):
    days = {
        path.name
        for path in (csv_folder / "raw-data" / "marketing/email").iterdir()
    }
    start, end = EMAIL_OUTAGE
    assert str(start) not in days
    assert str(start + 1) not in days
    assert str(end) in days


def test_truth_lies_outside_of_raw_data(csv_folder):
    names = {path.name for path in csv_folder.iterdir()}
    assert names == {"raw-data", "truth"}
    people = pd.read_parquet(csv_folder / "truth" / "people")
    assert len(people) == LEADS
    for source in SOURCES:
        columns = _csv(csv_folder, source).columns
        assert not [name for name in columns if name.startswith("p_")]
        assert "person_id" not in columns


@pytest.mark.parametrize("source", SOURCES)
def test_the_truth_names_the_person_of_every_row(csv_folder, source):
    records = pd.read_parquet(csv_folder / "truth" / "records" / source)
    rows = _csv(csv_folder, source)
    assert set(records["row_id"]) == set(rows["row_id"].astype(int))


def test_a_folder_with_a_story_is_not_overwritten(csv_folder):
    with pytest.raises(FileExistsError, match="already holds a story"):
        write_story(make_world(LEADS, seed=4), csv_folder)
