"""The published list: all of it at once, read anew when it is stale, kept while the store is away."""

import time
from threading import Barrier, Thread

import pytest

from include.lake.frames import write_parquet
from include.lake.objects import ObjectMissing
from include.serving.desk.listing import NOT_KNOWN, Kept, publish, read_listing

FILTERS = ("channel", "region")


def test_a_list_is_shown_only_once_it_is_published(layout, desk_rows):
    write_parquet(desk_rows(5), layout.desk("r1") + "0000_part_00.parquet")
    with pytest.raises(ObjectMissing):
        read_listing(layout, FILTERS)


def test_a_list_is_the_newest_published_run_in_order(layout, published, desk_rows):
    write_parquet(desk_rows(5), layout.desk("r2") + "0000_part_00.parquet")
    assert len(read_listing(layout, FILTERS).leads) == 60
    moment = read_listing(layout, FILTERS).scored_at
    publish("r2", layout, moment)
    listing = read_listing(layout, FILTERS)
    assert list(listing.leads["score"]) == [99, 98, 97, 96, 95]


def test_missing_cells_are_a_level_of_their_own(layout, published):
    listing = read_listing(layout, FILTERS)
    assert NOT_KNOWN in listing.levels("region")
    assert NOT_KNOWN not in listing.levels("channel")


def test_an_empty_wish_wants_everything(layout, published):
    assert len(read_listing(layout, FILTERS).where({"tier": "", "channel": ""})) == 60


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


@pytest.mark.parametrize("error", [ObjectMissing("s3://b/k"), OSError("gone"), ValueError("no JSON"), KeyError("uri")])
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
