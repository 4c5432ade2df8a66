import dataclasses
import time

import pytest

from include.contract import KnownAt
from include.registry.errors import NoChampionError, TrackingUnavailableError
from include.scoring.champions import (
    ChampionHolder,
    Champions,
    registry_champions,
)
from include.scoring.errors import ChampionUnusableError
from include.settings import settings


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
    return dataclasses.replace(
        scorer, champion=dataclasses.replace(scorer.champion, version="8")
    )


def test_before_the_first_champion_there_is_no_scorer_and_a_reason():
    holder = ChampionHolder(answers(NoChampionError("none yet")))
    holder.refresh()
    assert (holder.scorer, holder.problem) == (None, "none yet")


def test_a_newer_champion_takes_over(scorer, newer):
    holder = ChampionHolder(answers(scorer, newer))
    holder.refresh()
    assert holder.scorer is scorer
    holder.refresh()
    assert holder.scorer is newer


@pytest.mark.parametrize(
    "error",
    [
        TrackingUnavailableError("http://gone"),
        ChampionUnusableError("broken artifact"),
        NoChampionError("alias gone"),
        OSError("disk"),
    ],
)
def test_the_last_champion_goes_on_whatever_the_registry_does(scorer, error):
    holder = ChampionHolder(answers(scorer, error))
    holder.refresh()
    holder.refresh()
    assert holder.scorer is scorer
    assert holder.problem == str(error)


def test_a_champion_that_is_gone_counts_as_a_failure_and_one_not_yet_there_does_not(
    scorer,
):
    served = ChampionHolder(answers(scorer, NoChampionError("deleted")))
    waiting = ChampionHolder(answers(NoChampionError("none yet")))
    for holder in (served, waiting):
        holder.refresh()
        holder.refresh()
    assert (served.failures, waiting.failures) == (1, 0)


def test_a_registry_that_is_back_clears_the_problem(scorer):
    holder = ChampionHolder(answers(scorer, OSError("away"), scorer))
    for _ in range(3):
        holder.refresh()
    assert holder.problem is None


def test_a_lasting_problem_is_logged_once(scorer, caplog):
    holder = ChampionHolder(answers(OSError("away")))
    for _ in range(3):
        holder.refresh()
    assert caplog.text.count("away") == 1


@pytest.fixture
def champions(contract):
    """Both stages' champions, as registries answer that are given."""

    def make(contact, capture):
        holders = {
            KnownAt.CONTACT: ChampionHolder(contact),
            KnownAt.CAPTURE: ChampionHolder(capture),
        }
        return Champions(contract, holders, poll_seconds=60)

    return make


def served(champions):
    scorer = champions.scorer
    return scorer and {
        str(stage): one.champion.version
        for stage, one in scorer.scorers.items()
    }


def test_both_stages_are_served_once_both_are_loaded(champions, staged):
    both = champions(*(answers(scorer) for scorer in staged.scorers.values()))
    assert served(both) is None
    both.refresh()
    assert (served(both), both.problems) == (
        {"contact": "7", "capture": "3"},
        {},
    )


def test_a_stage_that_has_no_champion_is_left_to_the_other_and_told(
    champions, scorer
):
    one = champions(answers(scorer), answers(NoChampionError("none yet")))
    one.refresh()
    assert (served(one), one.problems) == (
        {"contact": "7"},
        {"capture": "none yet"},
    )


@pytest.mark.parametrize(
    "error",
    [TrackingUnavailableError("http://gone"), ChampionUnusableError("broken")],
)
def test_a_stage_whose_champion_is_not_known_yet_is_waited_for(
    champions, staged, error
):
    contact, capture = staged.scorers.values()
    late = champions(answers(error, contact), answers(capture))
    late.refresh()
    assert (served(late), late.problems) == (None, {"contact": str(error)})
    late.refresh()
    assert served(late) == {"contact": "7", "capture": "3"}


def test_a_broken_champion_of_one_stage_does_not_hold_up_the_other(
    champions, staged, newer
):
    contact, capture = staged.scorers.values()
    both = champions(
        answers(contact, newer),
        answers(capture, ChampionUnusableError("broken")),
    )
    both.refresh()
    both.refresh()
    assert (served(both), both.problems) == (
        {"contact": "8", "capture": "3"},
        {"capture": "broken"},
    )


def test_a_promoted_version_is_served_without_a_restart(
    registered, contract, monkeypatch
):
    monkeypatch.setenv("LEADS_CHAMPION_POLL_SECONDS", "0.5")
    settings.cache_clear()
    first = registered()
    champions = registry_champions(settings(), contract)
    champions.start()
    try:
        served_within(champions, first, seconds=60)  # raises if it is not
        second = registered()
        served_within(champions, second, seconds=60)
    finally:
        end_polling(champions)


def test_an_error_that_nobody_foresaw_does_not_end_the_search(
    champions, scorer, caplog
):
    both = champions(
        answers(ZeroDivisionError("pickled code"), scorer),
        answers(NoChampionError("none yet")),
    )
    both._poll_seconds = 0.01
    both.start()
    try:
        served_within(both, "7", seconds=10)
    finally:
        end_polling(both)
    assert "nobody foresaw" in caplog.text


def test_looks_in_vain_are_counted_and_a_stage_without_a_champion_is_none_of_them(
    champions,
):
    away = champions(
        answers(OSError("away")), answers(NoChampionError("none yet"))
    )
    for _ in range(3):
        away.refresh()
    assert away.failures == {"contact": 3, "capture": 0}


def test_an_unchanged_champion_is_not_loaded_again(registered, contract):
    registered()
    champions = registry_champions(settings(), contract)
    champions.refresh()
    loaded = champions.scorer.scorers[KnownAt.CONTACT]
    champions.refresh()
    assert champions.scorer.scorers[KnownAt.CONTACT] is loaded


def end_polling(champions):
    """Ends the thread that looks for champions at its next turn."""

    def exit_thread(served):
        raise SystemExit

    champions._holders = {KnownAt.CONTACT: ChampionHolder(exit_thread)}


def served_within(champions, version, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if served(champions) == {"contact": version}:
            return
        time.sleep(0.1)
    pytest.fail(
        f"version {version} is not served after {seconds} s: {champions.problems}"
    )
