"""Docker Compose from Python, with what `docker inspect` answers; `make compose-test` has the real engine."""

import pytest

from demo.compose import (
    builder,
    compose_command,
    containers,
    docker,
    require_docker,
)
from demo.errors import ComposeError


def inspected(service, status="running", health="healthy", exit_code=0):
    state = {"Status": status, "ExitCode": exit_code} | (
        {"Health": {"Status": health}} if health else {}
    )
    return {
        "Id": f"id-{service}",
        "RestartCount": 0,
        "State": state,
        "Config": {"Labels": {"com.docker.compose.service": service}},
    }


def one(*arguments, **named):
    return containers([inspected(*arguments, **named)])[0]


def test_containers_are_sorted_by_service():
    assert [
        found.service for found in containers([inspected("b"), inspected("a")])
    ] == ["a", "b"]


def test_only_a_healthy_service_is_ready():
    assert one("aws").ready
    assert not one("aws", health="starting").ready
    assert not one("aws", health="").ready
    assert not one("aws", status="exited", health="").ready


def test_a_one_shot_is_ready_once_it_has_succeeded():
    assert one("init", "exited", "").ready
    assert not one("init", "running", "").ready
    assert not one("init", "exited", "", 1).ready


def test_a_container_that_failed_is_not_waited_for():
    assert one("init", "exited", "", 1).lost
    assert one("aws", "exited", "").lost
    assert one("aws", health="unhealthy").lost
    assert not one("aws", health="starting").lost
    assert not one("init", "exited", "").lost


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """`programs(name, script)` puts a program on an otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def add(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return add


def test_the_plugin_comes_before_the_older_program(programs):
    programs("docker-compose", "exit 0")
    assert compose_command() == ["docker-compose"]
    programs("docker", "exit 0")
    assert compose_command() == ["docker", "compose"]


def test_a_docker_without_the_plugin_leaves_the_older_program(programs):
    programs("docker", "exit 1")
    programs("docker-compose", "exit 0")
    assert compose_command() == ["docker-compose"]


def test_without_compose_the_error_says_what_to_install(programs):
    with pytest.raises(
        ComposeError, match=r"install its plugin \(v2\) or docker-compose"
    ):
        compose_command()


def test_without_buildx_the_classic_builder_is_chosen(programs):
    assert builder() == {"DOCKER_BUILDKIT": "0"}
    programs("docker", "exit 0")
    assert builder() == {}


def test_a_machine_without_docker_is_told_to_install_it(programs):
    with pytest.raises(ComposeError, match="install Docker Engine"):
        docker("ps")


def test_a_daemon_that_does_not_answer_is_told_with_dockers_own_words(programs):
    programs("docker", "echo Cannot connect >&2; exit 1")
    with pytest.raises(ComposeError, match="Cannot connect.*start Docker"):
        require_docker()
