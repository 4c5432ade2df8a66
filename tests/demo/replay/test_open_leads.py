"""The open leads at the end of the replay."""

import csv
import io

import pandas as pd
import pytest

from demo.leads.synthetic import synthetic_leads
from demo.replay.batches import Batch, cut
from demo.replay.open_leads import (
    ARRIVING,
    LATE,
    OpenFacts,
    first_on_desk,
    make_open_leads,
)
from demo.replay.tables import open_table
from include.contract import load_contract

CONTRACT = load_contract("x_education")
KEY = CONTRACT.column(CONTRACT.key).name
LABEL = CONTRACT.column(CONTRACT.label).name
CLOCK = CONTRACT.column(CONTRACT.clock).name


def rows_of(batch: Batch) -> list[dict[str, str]]:
    text = io.StringIO(batch.content.decode(), newline="")
    return list(csv.DictReader(text))


@pytest.fixture(scope="module")
def newest() -> Batch:
    content = synthetic_leads(1000, seed=3).to_csv(index=False).encode()
    return cut(content, CONTRACT)[-1]


def test_open_leads_are_the_newest_rows_without_their_outcome(newest):
    arriving = rows_of(make_open_leads(newest, CONTRACT).arriving)
    assert len(arriving) == ARRIVING
    assert {row[LABEL] for row in arriving} == {""}
    clocks = [float(row[CLOCK]) for row in arriving]
    others = [float(row[CLOCK]) for row in rows_of(newest)[:-ARRIVING]]
    assert min(clocks) >= max(others)


def test_open_leads_have_keys_of_their_own(newest):
    keys = [
        row[KEY] for row in rows_of(make_open_leads(newest, CONTRACT).arriving)
    ]
    assert len(set(keys)) == ARRIVING
    assert all(key.startswith("open-") for key in keys)


def test_late_outcomes_belong_to_open_leads_that_did_not_convert(newest):
    leads = make_open_leads(newest, CONTRACT)
    arriving = {row[KEY]: row for row in rows_of(leads.arriving)}
    late = rows_of(leads.outcomes)
    assert len(late) == leads.outcomes.rows == LATE
    for row in late:
        assert row[LABEL] == "0"
        assert arriving[row[KEY]] == row | {LABEL: ""}


def test_a_small_last_batch_gives_all_its_rows():
    content = synthetic_leads(40, seed=3).to_csv(index=False).encode()
    batch = cut(content, CONTRACT)[-1]
    assert make_open_leads(batch, CONTRACT).arriving.rows == batch.rows


def test_the_table_names_the_first_lead_on_the_desk():
    facts = OpenFacts(200, 200, 199, 200, 3, 20, 9240, 3561, ("open-0001", 97))
    assert "open-0001" in str(open_table(facts).caption)
    assert open_table(OpenFacts(0, 0, 0, 0, 0, 0, 0, 0, None)).caption is None


def test_the_first_lead_on_the_desk_is_that_of_the_list():
    leads = pd.DataFrame(
        {CONTRACT.key: ["open-0002", "open-0001"], "score": [90, 80]}
    )
    assert first_on_desk(leads, CONTRACT) == ("open-0002", 90)
    assert first_on_desk(leads.head(0), CONTRACT) is None
