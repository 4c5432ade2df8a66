"""Requests from several threads while champions come and go and the registry goes away: `bench.load`, shortened."""

import pytest

from bench._traffic import LAG_SECONDS, Championships, Reply, check_replies
from bench.load import WRONG, run
from include.settings import settings

ACTS = (("promote", 9.0), ("roll back", 8.0), ("outage", 3.0))


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setenv(
        "MLFLOW_TRACKING_URI", ""
    )  # so that what the load sets is undone
    yield run(1, ACTS, rows=600)[0]
    settings.cache_clear()


def test_nothing_fails_and_no_reply_has_a_wrong_version_while_champions_change_and_the_registry_goes_away(
    found,
):
    assert {name: found[name] for name in WRONG} == dict.fromkeys(WRONG, 0), (
        found
    )
    assert (found["acts"], found["versions_seen"]) == (len(ACTS), 2)
    assert found["slowest_promotion_s"] <= LAG_SECONDS
    assert found["requests"] > 100
    assert 0 < found["malformed"] / found["requests"] < 0.15


CHAMPIONS = Championships([("1", 0.0, 100.0), ("2", 99.0, float("inf"))])


@pytest.mark.parametrize(
    ("asked", "came", "version", "wrong"),
    [
        (50, 51, "1", 0),
        (50, 51, "2", 1),
        (98, 99.5, "2", 0),
        (109, 110, "1", 0),
        (111, 112, "1", 1),
        (111, 112, "2", 0),
    ],
)
def test_a_version_is_wrong_before_its_promotion_and_ten_seconds_after_the_next_one(
    asked, came, version, wrong
):
    reply = Reply(asked, came, 200, False, frozenset({version}), 0.5)
    assert check_replies([reply], 0, CHAMPIONS)["wrong_versions"] == wrong


def test_a_version_that_scores_as_another_does_is_told():
    replies = [
        Reply(50, 51, 200, False, frozenset({"1"}), probability)
        for probability in (0.5, 0.6)
    ]
    assert check_replies(replies, 0, CHAMPIONS)["mislabelled"] == 1


def test_server_errors_refusals_and_broken_connections_are_told():
    replies = [
        Reply(50, 51, 500, False),
        Reply(50, 51, 422, False),
        Reply(50, 51, 200, True),
    ]
    found = check_replies(replies, 1, CHAMPIONS)
    names = (
        "server_errors",
        "broken_connections",
        "refused_though_well_formed",
        "accepted_though_malformed",
    )
    assert [found[name] for name in names] == [1, 1, 2, 1]
