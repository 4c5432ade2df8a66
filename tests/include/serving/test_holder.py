import dataclasses
import time

import pytest

from include.registry.registry import NoChampion
from include.registry.tracking import TrackingUnavailable
from include.serving.holder import ChampionHolder, registry_holder
from include.serving.scorer import ChampionUnusable


def answers(*values):
    """A registry that gives one answer after the other, raising those that are errors, and then repeats the last."""
    remaining = list(values)

    def load(served):
        answer = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return load


@pytest.fixture
def newer(scorer):
    return dataclasses.replace(scorer, champion=dataclasses.replace(scorer.champion, version="8"))


def test_before_the_first_champion_there_is_no_scorer_and_a_reason():
    holder = ChampionHolder(answers(NoChampion("none yet")), poll_seconds=60)
    holder.refresh()
    assert (holder.scorer, holder.problem) == (None, "none yet")


def test_a_newer_champion_takes_over(scorer, newer):
    holder = ChampionHolder(answers(scorer, newer), poll_seconds=60)
    holder.refresh()
    assert holder.scorer is scorer
    holder.refresh()
    assert holder.scorer is newer


@pytest.mark.parametrize(
    "error",
    [
        TrackingUnavailable("http://gone"),
        ChampionUnusable("broken artifact"),
        NoChampion("alias gone"),
        OSError("disk"),
    ],
)
def test_the_last_champion_goes_on_whatever_the_registry_does(scorer, error):
    holder = ChampionHolder(answers(scorer, error), poll_seconds=60)
    holder.refresh()
    holder.refresh()
    assert holder.scorer is scorer
    assert holder.problem == str(error)


def test_a_registry_that_is_back_clears_the_problem(scorer):
    holder = ChampionHolder(answers(scorer, OSError("away"), scorer), poll_seconds=60)
    for _ in range(3):
        holder.refresh()
    assert holder.problem is None


def test_a_lasting_problem_is_logged_once(scorer, caplog):
    holder = ChampionHolder(answers(OSError("away")), poll_seconds=60)
    for _ in range(3):
        holder.refresh()
    assert caplog.text.count("away") == 1


def test_a_promoted_version_is_served_without_a_restart(registered, monkeypatch):
    monkeypatch.setenv("LEADS_CHAMPION_POLL_SECONDS", "0.5")
    first = registered()
    holder = registry_holder()
    holder.start()
    try:
        served_within(holder, first, seconds=60)
        second = registered()
        served_within(holder, second, seconds=60)
    finally:
        holder.stop()


def test_an_unchanged_champion_is_not_loaded_again(registered):
    registered()
    holder = registry_holder()
    holder.refresh()
    loaded = holder.scorer
    holder.refresh()
    assert holder.scorer is loaded is not None


def served_within(holder, version, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holder.scorer and holder.scorer.champion.version == version:
            return
        time.sleep(0.1)
    pytest.fail(f"version {version} is not served after {seconds} s: {holder.problem}")
