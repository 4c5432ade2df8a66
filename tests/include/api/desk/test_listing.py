"""The published list: all of it at once, read anew when it is stale, kept while the store is away."""

import gzip
import time
from datetime import UTC, datetime
from threading import Barrier, Thread

import pandas as pd
import pytest

from include.api.desk.listing import NOT_KNOWN, Kept, read_listing
from include.api.desk.publish import publish
from include.api.desk.state import desk_of
from include.api.desk.views import cards
from include.lake.errors import ObjectMissingError
from include.lake.frames import write_parquet
from include.lake.objects import write_bytes

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


def test_a_lead_without_reasons_has_none_on_its_card_beside_leads_that_have_some(layout, desk_rows):
    rows = desk_rows(2).assign(reasons=pd.Series(['[{"effect": 0.5, "text": "told"}]', None], dtype=object))
    write_parquet(rows, layout.desk("r1") + "0000_part_00.parquet")
    publish("r1", layout, MOMENT)
    assert [len(card.reasons) for card in cards(read_listing(layout).leads, desk_of())] == [1, 0]


def test_an_empty_wish_wants_everything(layout, published):
    assert len(read_listing(layout).where({"tier": "", "channel": ""})) == 60


@pytest.mark.parametrize(
    "content",
    [b"", b"{", gzip.compress(b"{", mtime=0), gzip.compress(b"{}", mtime=0), gzip.compress(b"x" * 99, mtime=0)[:20]],
    ids=["nothing", "not packed", "half an object", "another object", "half a file"],
)
def test_what_is_no_list_is_an_error_that_a_desk_outlives(layout, published, content):
    kept = Kept(lambda: read_listing(layout), None, 0)
    assert len(kept.get().leads) == 60
    write_bytes(layout.desk_list, content)
    assert len(kept.get().leads) == 60


class Source:
    """Counts how often it is read; says what it is told to."""

    def __init__(self):
        self.reads, self.answer = 0, "first"

    def __call__(self):
        self.reads += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_what_was_read_is_kept_until_it_is_stale():
    source = Source()
    kept = Kept(source, "empty", 0.05)
    assert [kept.get(), kept.get(), source.reads] == ["first", "first", 1]
    source.answer = "second"
    time.sleep(0.06)
    assert kept.get() == "second"


@pytest.mark.parametrize(
    "error", [ObjectMissingError("s3://b/k"), OSError("gone"), ValueError("no JSON"), KeyError("uri")]
)
def test_while_the_store_fails_the_last_value_goes_on(error):
    source = Source()
    kept = Kept(source, "empty", 0)
    assert kept.get() == "first"
    source.answer = error
    assert kept.get() == "first"


def test_a_store_that_fails_from_the_start_is_not_asked_for_every_page():
    source = Source()
    source.answer = OSError("down")
    kept = Kept(source, "empty", 60)
    assert [kept.get(), kept.get(), source.reads] == ["empty", "empty", 1]


def test_many_threads_that_come_at_once_read_once_and_all_get_the_first_value():
    source, barrier, got = Source(), Barrier(8), []
    kept = Kept(lambda: (time.sleep(0.05), source())[1], "empty", 60)

    def ask():
        barrier.wait()
        got.append(kept.get())

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (got, source.reads) == (["first"] * 8, 1)
