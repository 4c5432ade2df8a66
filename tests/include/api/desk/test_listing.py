"""The published list: all of it at once, and kept in use while the store is away."""

import gzip
from datetime import UTC, datetime

import pandas as pd
import pytest

from include.api.desk.listing import NOT_KNOWN, UNREADABLE, read_listing
from include.api.desk.publish import publish
from include.api.desk.state import desk_of
from include.api.desk.views import cards
from include.lake.errors import ObjectMissingError
from include.lake.frames import write_parquet
from include.lake.objects import write_bytes
from include.refresher import Refresher
from include.settings import settings

MOMENT = datetime(2026, 2, 1, 5, tzinfo=UTC)


def test_before_the_first_publishing_there_is_no_list(layout):
    with pytest.raises(ObjectMissingError):
        read_listing(layout)


def test_a_list_says_when_its_leads_were_scored(layout, published):
    assert read_listing(layout).scored_at == MOMENT


def test_missing_cells_are_a_level_of_their_own(layout, published):
    listing = read_listing(layout)
    assert NOT_KNOWN in listing.levels("region")
    assert NOT_KNOWN not in listing.levels("channel")


def test_a_lead_without_reasons_has_none_on_its_card_beside_leads_that_have_some(
    layout, desk_rows
):
    rows = desk_rows(2).assign(
        reasons=pd.Series(
            ['[{"effect": 0.5, "text": "told"}]', None], dtype=object
        )
    )
    write_parquet(rows, layout.desk("r1") + "0000_part_00.parquet")
    publish("r1", layout, MOMENT)
    assert [
        len(card.reasons)
        for card in cards(
            read_listing(layout).leads,
            desk_of(settings().desk, layout.contract, layout),
        )
    ] == [1, 0]


def test_an_empty_wish_wants_everything(layout, published):
    assert len(read_listing(layout).where({"tier": "", "channel": ""})) == 60


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        gzip.compress(b"{", mtime=0),
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"x" * 99, mtime=0)[:20],
    ],
    ids=[
        "nothing",
        "not packed",
        "half an object",
        "another object",
        "half a file",
    ],
)
def test_what_is_no_list_is_an_error_that_a_desk_outlives(
    layout, published, content
):
    listing = Refresher(
        "list", lambda: read_listing(layout), None, 0, UNREADABLE
    )
    assert len(listing.latest().leads) == 60
    write_bytes(layout.desk_list, content)
    assert len(listing.latest().leads) == 60
