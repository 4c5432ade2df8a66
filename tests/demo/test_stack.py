"""Starting, watching and stopping the local processes."""

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from demo import stack
from demo.errors import StackError
from demo.ports import Ports
from demo.services import airflow_is_whole, services


class Answer:
    def __init__(self, **parts):
        self.parts = parts

    def json(self):
        return {name: {"status": status} for name, status in self.parts.items()}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(stack, "ROOT", tmp_path)
    monkeypatch.setattr(stack, "PID_FILE", tmp_path / "stack.pids")
    monkeypatch.setattr(stack, "STACK_LOG", tmp_path / "stack.log")
    return tmp_path


def wait_for(condition):
    give_up = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up, "waited 20 s in vain"
        time.sleep(0.1)


def sleepers(honcho):
    return [
        child
        for child in honcho.children(recursive=True)
        if "sleep" in child.name()
    ]


def start_sleepers(home):
    (home / "Procfile").write_text("one: exec sleep 300\ntwo: exec sleep 300\n")
    honcho = stack.start(dict(os.environ))
    wait_for(lambda: len(sleepers(honcho)) == 2)
    stack.remember(honcho)
    return honcho, sleepers(honcho)


def test_stopping_ends_every_process_and_doing_it_again_is_fine(home):
    honcho, children = start_sleepers(home)
    assert stack.runner() == honcho
    assert stack.stop() > 2
    assert not [
        process for process in (honcho, *children) if stack.is_alive(process)
    ]
    assert stack.stop() == 0


def test_processes_whose_runner_was_killed_are_found_and_ended(home):
    honcho, children = start_sleepers(home)
    os.kill(honcho.pid, signal.SIGKILL)
    wait_for(lambda: not stack.is_alive(honcho))
    assert stack.runner() is None
    assert stack.stop() >= 2
    assert not [process for process in children if stack.is_alive(process)]


def test_a_pid_that_now_belongs_to_another_program_is_left_alone(home):
    other = subprocess.Popen(["sleep", "60"])
    try:
        created = psutil.Process(other.pid).create_time()
        stack.PID_FILE.write_text(f"[[{other.pid}, {created - 100}]]")
        assert stack.stop() == 0
        assert other.poll() is None
    finally:
        other.terminate()
        other.wait()


def test_the_process_that_fell_is_named_with_its_own_last_lines(home):
    (home / "Procfile").write_text(
        f"good: exec sleep 300\nbad: exec {sys.executable} -c \"print('no database'); raise SystemExit(3)\"\n"
    )
    honcho = stack.start(dict(os.environ))
    wait_for(lambda: stack.fallen() is not None and not stack.is_alive(honcho))
    name, output = stack.fallen()
    assert name == "bad"
    assert "no database" in output
    stack.stop()


def test_a_taken_port_is_named_with_the_variable_that_moves_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = Ports(aws_port=port)
        with pytest.raises(
            StackError, match=rf"port {port} \(local AWS\).*LEADS_AWS_PORT"
        ):
            stack.require_free_ports(services(ports), ports.smtp_port)


def test_airflow_is_healthy_only_with_all_its_parts():
    parts = dict.fromkeys(
        ("metadatabase", "scheduler", "triggerer", "dag_processor"), "healthy"
    )
    assert airflow_is_whole(Answer(**parts))
    assert not airflow_is_whole(Answer(**parts | {"scheduler": "unhealthy"}))
    assert not airflow_is_whole(Answer(metadatabase="healthy"))
