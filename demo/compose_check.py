"""Prove docker-compose.yaml in a Docker Engine, and leave nothing behind: `python -m demo.compose_check`.

Builds, starts, waits until all is healthy, plays the first batch of leads through the DAGs over Airflow's REST API, and
asks the registry and the scoring API for the champion. Its project and its ports are its own, so that a stack that
runs beside it, and that stack's volumes, are not touched.
"""

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
from mlflow.tracking import MlflowClient
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from demo.compose import Compose, Container, docker, logs, require_docker
from demo.environment import STATE, client_environment
from demo.errors import (
    AirflowError,
    ComposeError,
    NotProvedError,
    RunFailedError,
)
from demo.ports import Ports
from demo.replay.__main__ import COLUMNS, leads_file
from demo.replay.airflow import Airflow
from demo.replay.batches import cut
from demo.replay.facts import Facts
from demo.replay.lifecycle import Replay
from demo.waiting import wait_until
from include.contract import Contract, load_contract
from include.registry.registry import champion
from include.registry.tracking import connect
from include.settings import settings
from localaws.roles import LOCAL_API_KEY

PROJECT = "lead-conversion-test"
CELERY = {"AIRFLOW_EXECUTOR": "CeleryExecutor", "COMPOSE_PROFILES": "celery"}
API_SECONDS = 60
ROOT_USER = "0"
STEPS_DOWN = {"postgres"}
"""Services whose entry point begins as root and may wait as root for the process that it starts as somebody else."""


def free_ports() -> Ports:
    """Return ports that nothing listens on, one for each field."""
    with ExitStack() as stack:
        numbers = {}
        for name in Ports.model_fields:
            probe = stack.enter_context(
                socket.socket()
            )  # open until all are chosen, so that all differ
            probe.bind(("127.0.0.1", 0))
            numbers[name] = probe.getsockname()[1]
        return Ports(**numbers)


def require_champion(
    client: MlflowClient, facts: Facts, contract: Contract
) -> str:
    """Return the champion's version in the registry, which must be the one that the master DAG says it promoted."""
    registered = champion(client, contract.model_name())
    claim = f"the master DAG's decision is {facts.decision!r}, its champion {facts.champion_version!r}"
    if registered is None:
        raise NotProvedError(
            f"the registry has no champion of {contract.model_name()}; {claim}"
        )
    if (
        facts.decision != "promote"
        or str(registered.version) != facts.champion_version
    ):
        raise NotProvedError(
            f"the registry's champion of {registered.model} is {registered.version}; {claim}"
        )
    return str(registered.version)


def require_served(
    address: str, contract: Contract, version: str, seconds: float = API_SECONDS
) -> float:
    """Wait until the scoring API serves that version, and return its score of a lead.

    Raises:
        NotProvedError: with the API's last answer.
    """
    lead = {contract.column(contract.key).name: "compose-test"}
    headers = {"X-API-Key": LOCAL_API_KEY}
    last_answer = "nothing"
    scores: list[float] = []

    def serves_version() -> bool:
        nonlocal last_answer
        try:
            answer = httpx.post(
                f"{address}/predict", json=lead, headers=headers, timeout=30
            )
        except httpx.TransportError:
            return False
        last_answer = f"{answer.status_code} {answer.text[:500]}"
        if not answer.is_success:
            return False
        content = answer.json()
        if content["versions"].get(contract.model_name()) != version:
            return False
        scores.append(float(content["predictions"][0]["score"]))
        return True

    if not wait_until(serves_version, seconds, poll_seconds=1):
        raise NotProvedError(
            f"the scoring API does not serve version {version} after {seconds:.0f} s; it says {last_answer}"
        )
    return scores[-1]


def require_steady(containers: tuple[Container, ...]) -> None:
    """Raise NotProvedError naming every service that ended by itself and was started again."""
    restarted = [
        container.service for container in containers if container.restarts
    ]
    if restarted:
        raise NotProvedError(
            f"these services ended and were started again: {', '.join(restarted)}; their logs say why"
        )


def require_no_root(containers: tuple[Container, ...]) -> None:
    """Raise NotProvedError naming every service with a process of root's, an entry point that steps down left out."""
    running = [
        container for container in containers if container.status == "running"
    ]
    as_root = [
        container.service
        for container in running
        if ROOT_USER in _users(container)
    ]
    if as_root:
        raise NotProvedError(
            f"these services run as root: {', '.join(as_root)}"
        )


def _users(container: Container) -> list[str]:
    """Return the user id of every process, in the order of their ids."""
    _, *lines = docker("top", container.id, "-eo", "uid,pid").splitlines()
    users = [line.split()[0] for line in lines]
    return users[1:] if container.service in STEPS_DOWN else users


def measured(compose: Compose) -> Table:
    """Return a table of every running container's memory, and the size of its image."""
    table = Table(
        "service", "memory", "image", title="What the containers take"
    )
    for container in compose.containers():
        names = docker(
            "inspect", "--format", "{{.Config.Image}} {{.Image}}", container.id
        )
        image, _, digest = names.strip().partition(" ")
        size = int(docker("image", "inspect", "--format", "{{.Size}}", digest))
        memory = "–"
        if container.status == "running":
            usage = docker(
                "stats",
                "--no-stream",
                "--format",
                "{{.MemUsage}}",
                container.id,
            )
            memory = usage.split(" / ")[0].strip()
        table.add_row(container.service, memory, f"{image} {size / 1e9:.2f} GB")
    return table


def prove(compose: Compose, ports: Ports, console: Console) -> None:
    """Do everything but stopping. Raises ComposeError, NotProvedError, or what the replay raises."""
    timed(console, "images built", compose.build)
    timed(console, "everything healthy", lambda: compose.start(console))
    os.environ.update(client_environment(ports, settings()))
    settings.cache_clear()  # MLflow's address is one of them
    contract = load_contract(settings().contract)
    facts = play_first_batch(ports, contract, console)
    version = require_champion(connect(settings().mlflow), facts, contract)
    score = require_served(ports.api, contract, version)
    require_steady(compose.containers())
    require_no_root(compose.containers())
    console.print(measured(compose))
    console.print(
        f"champion {version} of {contract.model_name()} is registered; the API's score of a lead: {score:.0f} of 100"
    )


def play_first_batch(
    ports: Ports, contract: Contract, console: Console
) -> Facts:
    """Bootstrap the platform, then ingest the first leads and run the master DAG."""
    STATE.mkdir(exist_ok=True)
    batch = cut(leads_file(contract).read_bytes(), contract)[0]
    with Progress(*COLUMNS, console=console) as progress:
        replay = Replay(
            airflow=Airflow(ports.airflow),
            ports=ports,
            settings=settings(),
            contract=contract,
            mark=f"{datetime.now(UTC):%Y%m%dT%H%M%S}",
            progress=progress,
        )

        def play() -> Facts:
            replay.prepare()
            return replay.play(batch)

        return timed(
            console, f"{batch.rows:,} leads through the master DAG", play
        )


def run(compose: Compose, ports: Ports, console: Console) -> None:
    """Prove it from nothing and back to nothing; where it fails, print every container's last lines."""
    clean(compose)  # what an interrupted run left
    try:
        prove(compose, ports, console)
    except BaseException:
        for container in compose.containers():
            console.print(
                f"--- {container.service}: {container.status}\n{logs(container)}",
                markup=False,
            )
        raise
    finally:
        clean(compose)


def clean(compose: Compose) -> None:
    """Remove containers, network and volumes of the project; its images stay, for the next time."""
    compose.run(
        "--profile",
        "celery",
        "down",
        "--volumes",
        "--remove-orphans",
        "--timeout",
        "20",
    )


def timed[Result](
    console: Console, title: str, work: Callable[[], Result]
) -> Result:
    """Do some work, print how long it took, and return its result."""
    started = time.monotonic()
    result = work()
    console.print(f"{title}: {time.monotonic() - started:.0f} s")
    return result


def main() -> None:
    """Run the command line: exit status 1 and the reason where anything is not proved."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.compose_check", description=__doc__
    )
    parser.add_argument(
        "--celery",
        action="store_true",
        help="tasks run in workers, which hear of them over SQS",
    )
    arguments = parser.parse_args()
    console = Console(width=160)
    ports = free_ports()
    started = time.monotonic()
    environment = ports.variables()
    if arguments.celery:
        environment |= CELERY
    try:
        require_docker()
        run(Compose(PROJECT, environment), ports, console)
    except (
        ComposeError,
        NotProvedError,
        RunFailedError,
        AirflowError,
        httpx.HTTPError,
    ) as error:
        console.print(
            f"compose-test failed: {error}", markup=False, style="red"
        )
        sys.exit(1)
    console.print(
        f"compose-test passed after {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
