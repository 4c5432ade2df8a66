"""From what a scoring run unloads to the one object that every desk reads."""

from datetime import UTC, datetime

import pandas as pd

from include.api.desk.listing import COLUMNS, read_listing
from include.api.desk.publish import publish
from include.lake.frames import write_parquet
from include.lake.objects import read_bytes

MOMENT = datetime(2026, 2, 1, 5, tzinfo=UTC)


def test_the_best_lead_comes_first_whatever_the_order_of_the_parts(
    layout, desk_rows
):
    rows = desk_rows(9)
    for part in range(3):
        write_parquet(
            rows[part::3], f"{layout.desk('r1')}000{part}_part_00.parquet"
        )
    assert publish("r1", layout, MOMENT) == 9
    assert list(read_listing(layout).leads["score"]) == [
        99,
        98,
        97,
        96,
        95,
        94,
        93,
        92,
        91,
    ]


def test_every_cell_comes_back(layout, published, contract):
    names = [contract.key, *COLUMNS, "channel"]
    wanted = published.sort_values("probability", ascending=False)[
        names
    ].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        read_listing(layout).leads[names], wanted, check_dtype=False
    )


def test_another_run_is_shown_only_once_it_is_published(
    layout, published, desk_rows
):
    write_parquet(desk_rows(5), layout.desk("r2") + "0000_part_00.parquet")
    assert len(read_listing(layout).leads) == 60
    publish("r2", layout, MOMENT)
    assert len(read_listing(layout).leads) == 5


def test_publishing_again_writes_the_same_object(layout, published):
    before = read_bytes(layout.desk_list)
    publish("r1", layout, MOMENT)
    assert read_bytes(layout.desk_list) == before


def test_a_run_without_open_leads_publishes_an_empty_list(layout, contract):
    assert publish("none", layout, MOMENT) == 0
    listing = read_listing(layout)
    assert (len(listing.leads), list(listing.leads)[0]) == (0, contract.key)
