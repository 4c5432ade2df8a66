"""`make test` keeps both workers busy: the files that take minutes go first, in an order that xdist does not change."""

from pathlib import Path

import pytest

from tests.fixtures.scheduling import (
    LONGEST_FIRST,
    TOGETHER,
    piece_of_work,
    pytest_collection_modifyitems,
)

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "file", list(dict.fromkeys([*LONGEST_FIRST, *TOGETHER]))
)
def test_a_file_that_is_named_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


class Item:
    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


def test_the_longest_files_go_first_and_the_rest_keeps_its_order() -> None:
    items = [
        Item(f"{file}::test")
        for file in ("tests/b.py", "tests/a.py", *reversed(LONGEST_FIRST))
    ]
    pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [
        f"{file}::test" for file in (*LONGEST_FIRST, "tests/b.py", "tests/a.py")
    ]


def test_files_that_share_something_are_one_piece_of_work() -> None:
    pieces = {
        file: piece_of_work(f"{file}::test[a::b]")
        for file in (*TOGETHER, "tests/b.py")
    }
    assert pieces == TOGETHER | {"tests/b.py": "tests/b.py"}
