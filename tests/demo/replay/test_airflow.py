"""What the replay makes of Airflow's answers."""

from demo.replay.airflow import log_line, reason
from demo.replay.follow import working_on


def test_an_exception_stands_in_its_log_line():
    event = {
        "level": "error",
        "event": "Task failed",
        "error_detail": [{"exc_type": "KeyError", "exc_value": "'x'"}],
    }
    assert log_line(event) == "error Task failed KeyError: 'x'"


def test_the_reason_of_a_failure_is_the_last_error():
    assert reason(["info a", "error b", "warning c"]) == "error b"
    assert reason(["info a"]) == "info a"


def test_a_task_that_never_began_is_said_to_have_no_log():
    headings = ["::group::Log message source details", "::endgroup::"]
    assert (
        reason(headings)
        == reason([])
        == "the task never wrote a log; the scheduler's log says why"
    )


def test_only_tasks_under_way_are_shown():
    tasks = [
        {"task_id": name, "state": state}
        for name, state in (("a", "success"), ("b", "running"), ("c", None))
    ]
    assert working_on(tasks) == "b running"


def test_a_log_line_brings_no_control_character_to_the_terminal():
    event = {"level": "error", "event": "level \x1b[2Jred\x07\nnext"}
    assert log_line(event) == "error level [2Jred\nnext"
