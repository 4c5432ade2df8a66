"""How long the replay waits for a run."""

import itertools

import pytest
from rich.progress import Progress

from demo.errors import RunFailedError
from demo.replay import follow
from demo.replay.airflow import Run


class SlowAirflow:
    """One run of some tasks in a row, each of which takes `seconds` of a clock that moves at every sleep."""

    def __init__(self, monkeypatch, seconds, tasks=5):
        self.seconds, self.tasks_in_row, self.now = seconds, tasks, 0.0
        monkeypatch.setattr(follow.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(follow.time, "sleep", self.sleep)

    def sleep(self, _):
        self.now += 60

    def trigger(self, dag_id, run_id, conf):
        return Run(dag_id, run_id)

    def state(self, run):
        return (
            "running"
            if self.now < self.seconds * self.tasks_in_row
            else "success"
        )

    def tasks(self, run):
        done = int(self.now // self.seconds)
        states = itertools.chain(
            ["success"] * done, ["running"], itertools.repeat(None)
        )
        return [
            {"task_id": f"t{number}", "state": state, "try_number": 1}
            for number, state in zip(
                range(self.tasks_in_row), states, strict=False
            )
        ]

    def page(self, run):
        return "http://airflow/run"


def followed(airflow):
    with Progress(disable=True) as progress:
        return follow.run_to_success(
            airflow, progress, "train", "r1", {}, "first"
        )


def test_a_run_may_take_longer_than_the_patience_as_long_as_its_tasks_move(
    monkeypatch,
):
    airflow = SlowAirflow(monkeypatch, seconds=follow.PATIENCE * 0.9)
    assert followed(airflow) == Run("train", "r1")
    assert airflow.now > follow.PATIENCE * 4


def test_a_run_whose_tasks_stand_still_is_given_up_with_the_task_and_the_address(
    monkeypatch,
):
    airflow = SlowAirflow(monkeypatch, seconds=follow.PATIENCE * 3)
    with pytest.raises(
        RunFailedError,
        match=r"no task has moved for 900 s: t0 running\nhttp://airflow/run",
    ):
        followed(airflow)
    assert airflow.now < follow.PATIENCE * 1.2
