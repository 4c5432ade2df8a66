"""Run the platform in containers: `python -m demo.compose` starts docker-compose.yaml and runs the replay."""

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
from demo.errors import ComposeError
from demo.replay import __main__ as replay
from demo.waiting import wait_until

ONE_SHOTS = ("init",)
DEADLINE = 600
POLL_SECONDS = 2.0
LABEL = "com.docker.compose"
LOG_LINES = 60


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
        """Tell whether it is healthy, or has finished the one thing that it was started for."""
        if self.service in ONE_SHOTS and self.status == "exited":
            return self.exit_code == 0
        return self.status == "running" and self.health == "healthy"

    @property
    def lost(self) -> bool:
        """Tell whether it will not become ready by waiting."""
        ended = self.status in ("exited", "dead")
        return self.health == "unhealthy" or (ended and not self.ready)


def containers(inspected: Sequence[Mapping[str, Any]]) -> tuple[Container, ...]:
    """Make containers of the answer of `docker inspect`, sorted by service."""
    result = []
    for entry in inspected:
        state = entry["State"]
        container = Container(
            service=entry["Config"]["Labels"][f"{LABEL}.service"],
            id=entry["Id"],
            status=state["Status"],
            health=state.get("Health", {}).get("Status", ""),
            exit_code=state["ExitCode"],
            restarts=entry["RestartCount"],
        )
        result.append(container)
    return tuple(sorted(result, key=lambda container: container.service))


class Compose:
    """Docker Compose, v2 or v1, on this checkout's file.

    Args:
        project: name that the containers, volumes and network of a stack share.
        environment: variables for the file, on top of this process's and of `.env`.
    """

    def __init__(
        self, project: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.project = project
        self._command = [
            *compose_command(),
            "--file",
            str(ROOT / "docker-compose.yaml"),
        ]
        self._environment = {
            **os.environ,
            **builder(),
            **(environment or {}),
            "COMPOSE_PROJECT_NAME": project,
            "COMPOSE_HTTP_TIMEOUT": "300",  # v1 gives a busy daemon 60 s otherwise
        }

    def run(self, *arguments: str) -> None:
        """Run one command of Compose, its output on this process's standard error.

        Raises:
            ComposeError: it fails.
        """
        command = [*self._command, *arguments]
        completed = subprocess.run(
            command,
            env=self._environment,
            stdout=sys.stderr,
            check=False,
            cwd=ROOT,
        )
        if completed.returncode:
            words = " ".join(arguments)
            raise ComposeError(
                f"`{words}` of Compose ended with {completed.returncode}; its output says why"
            )

    def containers(self) -> tuple[Container, ...]:
        """Return every container of the project, stopped ones too."""
        listing = docker(
            "ps",
            "--all",
            "--quiet",
            "--filter",
            f"label={LABEL}.project={self.project}",
        )
        ids = listing.split()
        if not ids:
            return ()
        return containers(json.loads(docker("inspect", *ids)))

    def build(self) -> None:
        """Build the images anew where a file of theirs has changed. Raises ComposeError."""
        self.run("build")

    def start(self, console: Console, seconds: float = DEADLINE) -> None:
        """Start everything and wait until it is ready.

        The wait is ours and not `up --wait`, because Compose v1 (Debian's package) has no such option, and because an
        error here shows the logs of what is not ready.

        Raises:
            ComposeError: with those logs.
        """
        self.run("up", "--detach")
        with console.status("waiting for health checks") as status:

            def is_settled() -> bool:
                waiting = self._not_ready()
                if any(container.lost for container in waiting):
                    return True
                status.update(
                    f"waiting for {', '.join(container.service for container in waiting)}"
                )
                return not waiting

            wait_until(is_settled, seconds, POLL_SECONDS)
        waiting = self._not_ready()
        if waiting:
            raise ComposeError(
                "\n".join(_why_not_ready(container) for container in waiting)
            )

    def _not_ready(self) -> list[Container]:
        return [
            container for container in self.containers() if not container.ready
        ]


def _why_not_ready(container: Container) -> str:
    state = (
        f"{container.status} {container.health} exit code {container.exit_code}"
    )
    return f"{container.service} is not healthy ({state}); its last lines:\n{logs(container)}"


def logs(container: Container) -> str:
    """Return the last lines of a container, of both its streams."""
    command = ["docker", "logs", "--tail", str(LOG_LINES), container.id]
    return subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


def docker(*arguments: str) -> str:
    """Return the standard output of a Docker command. Raises ComposeError with its standard error if it fails."""
    try:
        completed = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise ComposeError(
            "there is no docker on the PATH; install Docker Engine and Docker Compose"
        ) from error
    if completed.returncode:
        raise ComposeError(f"docker {arguments[0]}: {completed.stderr.strip()}")
    return completed.stdout


def compose_command() -> list[str]:
    """Return `docker compose` where the plugin is there, else docker-compose. Raises ComposeError where neither is."""
    if _works("docker", "compose", "version"):
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise ComposeError(
        "there is no Docker Compose; install its plugin (v2) or docker-compose 1.29"
    )


def builder() -> dict[str, str]:
    """Return the variable that chooses the classic builder where BuildKit's plugin, buildx, is missing."""
    if _works("docker", "buildx", "version"):
        return {}
    return {"DOCKER_BUILDKIT": "0"}


def _works(*command: str) -> bool:
    try:
        return (
            subprocess.run(command, capture_output=True, check=False).returncode
            == 0
        )
    except FileNotFoundError:
        return False


def require_docker() -> None:
    """Raise ComposeError where no Docker daemon answers."""
    try:
        docker("version", "--format", "{{.Server.Version}}")
    except ComposeError as error:
        raise ComposeError(
            f"no Docker daemon answers ({error}); start Docker, then run this again"
        ) from error


def project_name() -> str:
    """Return the name that Compose itself would take: that of the variable, else the folder's."""
    return os.environ.get("COMPOSE_PROJECT_NAME") or re.sub(
        r"[^-_a-z0-9]", "", ROOT.name.lower()
    )


def main() -> None:
    """Run the command line: exit status 1 and the reason where the containers do not run."""
    console = Console(stderr=True)
    for name, value in dotenv_values(ROOT / ".env").items():
        os.environ.setdefault(
            name, value or ""
        )  # Compose reads the file itself; the replay needs its ports
    started = time.monotonic()
    try:
        require_docker()
        compose = Compose(project_name())
        compose.build()
        compose.start(console)
    except ComposeError as error:
        console.print(str(error), markup=False, style="red")
        sys.exit(1)
    console.print(
        f"every container is healthy after {time.monotonic() - started:.0f} s"
    )
    STATE.mkdir(exist_ok=True)
    replay.main(stopped_by="docker compose down")


if __name__ == "__main__":
    main()
