"""A value that is read again when it is stale, and stays in use while reading fails."""

import time
from threading import Barrier, Thread

import pytest

from include.api.desk.listing import UNREADABLE
from include.lake.errors import ObjectMissingError
from include.refresher import Refresher


def refresher(read, seconds):
    return Refresher("what the test reads", read, "empty", seconds, UNREADABLE)


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
    value = refresher(source, 0.05)
    assert [value.latest(), value.latest(), source.reads] == [
        "first",
        "first",
        1,
    ]
    source.answer = "second"
    time.sleep(0.06)
    assert value.latest() == "second"


@pytest.mark.parametrize(
    "error",
    [
        ObjectMissingError("s3://b/k"),
        OSError("gone"),
        ValueError("no JSON"),
        KeyError("uri"),
    ],
)
def test_while_the_store_fails_the_last_value_goes_on(error):
    source = Source()
    value = refresher(source, 0)
    assert value.latest() == "first"
    source.answer = error
    assert value.latest() == "first"


def test_a_store_that_fails_from_the_start_is_not_asked_for_every_page():
    source = Source()
    source.answer = OSError("down")
    value = refresher(source, 60)
    assert [value.latest(), value.latest(), source.reads] == [
        "empty",
        "empty",
        1,
    ]


def test_many_threads_that_come_at_once_read_once_and_all_get_the_first_value():
    source, barrier, got = Source(), Barrier(8), []
    value = refresher(lambda: (time.sleep(0.05), source())[1], 60)

    def ask():
        barrier.wait()
        got.append(value.latest())

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (got, source.reads) == (["first"] * 8, 1)


def test_a_lasting_failure_is_logged_once_without_the_words_of_the_error(
    caplog,
):
    source = Source()
    source.answer = ValueError("jane.doe@example.com")
    value = refresher(source, 60)
    for _ in range(3):
        value.refresh()
    assert (
        caplog.text.count("what the test reads not refreshed"),
        "jane" in caplog.text,
    ) == (1, False)


def test_it_reads_in_the_background_sooner_until_it_has_succeeded_once():
    source = Source()
    source.answer = OSError("down")
    value = Refresher(
        "what the test reads",
        source,
        "empty",
        3600,
        UNREADABLE,
        retry_seconds=0.01,
    )
    value.start()
    time.sleep(0.1)
    source.answer = "first"
    give_up = time.monotonic() + 10
    while not value.loaded:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert (value.value, source.reads > 2) == ("first", True)


def test_a_failure_that_nobody_foresaw_does_not_end_the_reading(caplog):
    failures = [ZeroDivisionError("pickled code"), RuntimeError("again")]

    def read():
        if failures:
            raise failures.pop()
        return "first"

    value = Refresher(
        "what the test reads", read, "empty", 3600, retry_seconds=0.01
    )
    value.start()
    give_up = time.monotonic() + 10
    while not value.loaded:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert caplog.text.count("nobody foresaw") == 2
