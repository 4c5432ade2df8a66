"""The platform in containers: `python -m demo.compose` starts docker-compose.yaml and runs the replay."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dotenv import dotenv_values
from rich.console import Console

from demo.environment import ROOT, STATE
from demo.replay import __main__ as replay

ONE_SHOTS = ("init",)
DEADLINE = 600
POLL_SECONDS = 2.0
LABEL = "com.docker.compose"
LOG_LINES = 60


class ComposeError(RuntimeError):
    """The containers cannot run; the message says which and what to do."""


@dataclass(frozen=True)
class Container:
    """One container of a service: its id, and its state as Docker tells it."""

    service: str
    id: str
    status: str
    health: str
    exit_code: int
    restarts: int

    @property
    def ready(self) -> bool:
        """Whether it is healthy, or has done what it was started for."""
        done = self.service in ONE_SHOTS and self.status == "exited" and self.exit_code == 0
        return done or (self.status == "running" and self.health == "healthy")

    @property
    def lost(self) -> bool:
        """Whether it will not become ready by waiting."""
        return self.health == "unhealthy" or (self.status in ("exited", "dead") and not self.ready)


def containers(inspected: Sequence[Mapping[str, Any]]) -> tuple[Container, ...]:
    """Containers from the answer of `docker inspect`, sorted by service."""
    found = [
        Container(
            service=one["Config"]["Labels"][f"{LABEL}.service"],
            id=one["Id"],
            status=one["State"]["Status"],
            health=one["State"].get("Health", {}).get("Status", ""),
            exit_code=one["State"]["ExitCode"],
            restarts=one["RestartCount"],
        )
        for one in inspected
    ]
    return tuple(sorted(found, key=lambda container: container.service))


class Compose:
    """Docker Compose, v2 or v1, on this checkout's file.

    Args:
        project: name that the containers, volumes and network of a stack share.
        environment: variables for the file, on top of this process's and of `.env`.
    """

    def __init__(self, project: str, environment: Mapping[str, str] | None = None) -> None:
        self.project = project
        own = {"COMPOSE_PROJECT_NAME": project, "COMPOSE_HTTP_TIMEOUT": "300"}  # v1 gives a busy daemon 60 s otherwise
        self._environment = {**os.environ, **builder(), **(environment or {}), **own}
        self._command = [*compose_command(), "--file", str(ROOT / "docker-compose.yaml")]

    def run(self, *arguments: str) -> None:
        """One command of Compose, its output on this process's standard error. Raises ComposeError if it fails."""
        command = [*self._command, *arguments]
        done = subprocess.run(command, env=self._environment, stdout=sys.stderr, check=False, cwd=ROOT)
        if done.returncode:
            raise ComposeError(f"`{' '.join(arguments)}` of Compose ended with {done.returncode}; its output says why")

    def containers(self) -> tuple[Container, ...]:
        """Every container of the project, stopped ones too."""
        ids = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}.project={self.project}").split()
        return containers(json.loads(docker("inspect", *ids))) if ids else ()

    def build(self) -> None:
        """Makes the images anew where a file of theirs has changed. Raises ComposeError."""
        self.run("build")

    def start(self, console: Console, seconds: float = DEADLINE) -> None:
        """Starts everything and waits until it is ready. Raises ComposeError with the logs of what is not."""
        self.run("up", "--detach")
        give_up = time.monotonic() + seconds
        with console.status("waiting for health checks") as status:
            while waiting := [one for one in self.containers() if not one.ready]:
                if time.monotonic() > give_up or any(one.lost for one in waiting):
                    raise ComposeError("\n".join(self._why(one) for one in waiting))
                status.update(f"waiting for {', '.join(one.service for one in waiting)}")
                time.sleep(POLL_SECONDS)

    def _why(self, container: Container) -> str:
        state = f"{container.status} {container.health} exit code {container.exit_code}"
        return f"{container.service} is not healthy ({state}); its last lines:\n{logs(container)}"


def logs(container: Container) -> str:
    """The last lines of a container, of both its streams."""
    command = ["docker", "logs", "--tail", str(LOG_LINES), container.id]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def docker(*arguments: str) -> str:
    """Standard output of a Docker command. Raises ComposeError with its standard error if it fails."""
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ComposeError("there is no docker on the PATH; install Docker Engine and Docker Compose") from error
    if done.returncode:
        raise ComposeError(f"docker {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def compose_command() -> list[str]:
    """`docker compose` where the plugin is there, else docker-compose. Raises ComposeError where neither is."""
    if _works("docker", "compose", "version"):
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise ComposeError("there is no Docker Compose; install its plugin (v2) or docker-compose 1.29")


def builder() -> dict[str, str]:
    """What chooses the image builder: BuildKit needs the buildx plugin, and without it the classic one does."""
    return {} if _works("docker", "buildx", "version") else {"DOCKER_BUILDKIT": "0"}


def _works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def require_docker() -> None:
    """Raises ComposeError where no Docker daemon answers."""
    try:
        docker("version", "--format", "{{.Server.Version}}")
    except ComposeError as error:
        raise ComposeError(f"no Docker daemon answers ({error}); start Docker, then run this again") from error


def main() -> None:
    """The command line: exit status 1 and the reason where the containers do not run."""
    console = Console(stderr=True)
    for name, value in dotenv_values(ROOT / ".env").items():
        os.environ.setdefault(name, value or "")  # Compose reads the file itself; the replay needs its ports
    started = time.monotonic()
    try:
        require_docker()
        compose = Compose(os.environ.get("COMPOSE_PROJECT_NAME") or re.sub(r"[^-_a-z0-9]", "", ROOT.name.lower()))
        compose.build()
        compose.start(console)
    except ComposeError as error:
        console.print(str(error), markup=False, style="red")
        sys.exit(1)
    console.print(f"every container is healthy after {time.monotonic() - started:.0f} s")
    STATE.mkdir(exist_ok=True)
    replay.main(stopped_by="docker compose down")


if __name__ == "__main__":
    main()
