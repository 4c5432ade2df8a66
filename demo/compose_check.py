"""`python -m demo.compose_check`: proves docker-compose.yaml in a Docker Engine, and leaves nothing behind.

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
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from demo.compose import Compose, ComposeError, Container, docker, logs, require_docker
from demo.environment import STATE, client_environment
from demo.ports import Ports
from demo.replay.__main__ import COLUMNS, leads_file
from demo.replay.airflow import Airflow, AirflowError, RunFailedError
from demo.replay.batches import Batch, cut
from demo.replay.facts import Facts
from demo.replay.follow import run_to_success
from demo.replay.lifecycle import BOOTSTRAP, DAGS, Stage, play
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


class NotProvedError(AssertionError):
    """The containers ran, and something is not as it should be; the message says what."""


def free_ports() -> Ports:
    """Ports that nothing listens on now, one for each field."""
    with ExitStack() as held:
        probes = {name: held.enter_context(socket.socket()) for name in Ports.model_fields}
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return Ports(**{name: probe.getsockname()[1] for name, probe in probes.items()})


def first_batch(stage: Stage, batch: Batch, console: Console) -> Facts:
    """Bootstrap, ingestion and the master DAG with the first leads."""
    with Progress(*COLUMNS, console=console) as progress:
        stage.airflow.require_dags(DAGS)
        for dag_id in DAGS:
            stage.airflow.unpause(dag_id)
        run_to_success(stage.airflow, progress, BOOTSTRAP, stage.run_id("bootstrap"), {}, "platform")
        return play(stage, batch, progress)


def require_champion(facts: Facts, contract: Contract) -> str:
    """The champion's version in the registry, which must be the one that the master DAG says it promoted."""
    found = champion(connect(settings().mlflow.tracking_uri), contract.model_name())
    told = f"the master DAG's decision is {facts.decision!r}, its champion {facts.champion_version!r}"
    if found is None:
        raise NotProvedError(f"the registry has no champion of {contract.model_name()}; {told}")
    if facts.decision != "promote" or str(found.version) != facts.champion_version:
        raise NotProvedError(f"the registry's champion of {found.model} is {found.version}; {told}")
    return str(found.version)


def require_served(address: str, contract: Contract, version: str, seconds: float = API_SECONDS) -> float:
    """The score of a lead by that champion, waited for. Raises NotProvedError with the scoring API's last answer."""
    lead, give_up, said = {contract.column(contract.key).name: "compose-test"}, time.monotonic() + seconds, "nothing"
    while time.monotonic() < give_up:
        with suppress(httpx.TransportError):
            answer = httpx.post(f"{address}/predict", json=lead, headers={"X-API-Key": LOCAL_API_KEY}, timeout=30)
            said = f"{answer.status_code} {answer.text[:500]}"
            if answer.is_success and answer.json()["versions"].get(contract.model_name()) == version:
                return float(answer.json()["predictions"][0]["score"])
        time.sleep(1)
    raise NotProvedError(f"the scoring API does not serve version {version} after {seconds:.0f} s; it says {said}")


def require_steady(containers: tuple[Container, ...]) -> None:
    """Raises NotProvedError naming every service that ended by itself and was started again."""
    if fallen := [one.service for one in containers if one.restarts]:
        raise NotProvedError(f"these services ended and were started again: {', '.join(fallen)}; their logs say why")


def require_no_root(containers: tuple[Container, ...]) -> None:
    """Raises NotProvedError naming every service with a process of root's, an entry point that steps down left out."""
    as_root = [one.service for one in containers if one.status == "running" and ROOT_USER in _users(one)]
    if as_root:
        raise NotProvedError(f"these services run as root: {', '.join(as_root)}")


def _users(container: Container) -> list[str]:
    """User id of every process, in the order of their ids."""
    lines = docker("top", container.id, "-eo", "uid,pid").splitlines()[1:]
    return [line.split()[0] for line in lines][container.service in STEPS_DOWN :]


def measured(compose: Compose) -> Table:
    """Memory of every running container, and the size of its image."""
    table = Table("service", "memory", "image", title="What the containers take")
    for one in compose.containers():
        image, _, size = docker("inspect", "--format", "{{.Config.Image}} {{.Image}}", one.id).strip().partition(" ")
        size = docker("image", "inspect", "--format", "{{.Size}}", size)
        used = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", one.id).split(" / ")[0].strip()
        table.add_row(one.service, used if one.status == "running" else "–", f"{image} {int(size) / 1e9:.2f} GB")
    return table


def prove(compose: Compose, ports: Ports, console: Console) -> None:
    """Everything but stopping. Raises ComposeError, NotProvedError, or what the replay raises."""
    timed(console, "images built", compose.build)
    timed(console, "everything healthy", lambda: compose.start(console))
    os.environ.update(client_environment(ports, settings()))
    settings.cache_clear()  # MLflow's address is one of them
    contract = load_contract(settings().contract)
    stage = Stage(Airflow(ports.airflow), ports, settings(), contract, f"{datetime.now(UTC):%Y%m%dT%H%M%S}")
    STATE.mkdir(exist_ok=True)
    batch = cut(leads_file().read_bytes(), contract)[0]
    facts = timed(console, f"{batch.rows:,} leads through the master DAG", lambda: first_batch(stage, batch, console))
    version = require_champion(facts, contract)
    score = require_served(ports.api, contract, version)
    require_steady(compose.containers())
    require_no_root(compose.containers())
    console.print(measured(compose))
    console.print(
        f"champion {version} of {contract.model_name()} is registered; the API's score of a lead: {score:.0f} of 100"
    )


def run(compose: Compose, ports: Ports, console: Console) -> None:
    """The proof, from nothing and back to nothing; every container's last lines are printed where it fails."""
    clean(compose)  # what an interrupted run left
    try:
        prove(compose, ports, console)
    except BaseException:
        for container in compose.containers():
            console.print(f"--- {container.service}: {container.status}\n{logs(container)}", markup=False)
        raise
    finally:
        clean(compose)


def main() -> None:
    """The command line: exit status 1 and the reason where anything is not proved."""
    parser = argparse.ArgumentParser(prog="python -m demo.compose_check", description=__doc__)
    parser.add_argument("--celery", action="store_true", help="tasks run in workers, which hear of them over SQS")
    given = parser.parse_args()
    console, ports, started = Console(width=160), free_ports(), time.monotonic()
    try:
        require_docker()
        run(Compose(PROJECT, environment_of(ports) | (CELERY if given.celery else {})), ports, console)
    except (ComposeError, NotProvedError, RunFailedError, AirflowError, httpx.HTTPError) as error:
        console.print(f"compose-test failed: {error}", markup=False, style="red")
        sys.exit(1)
    console.print(f"compose-test passed after {time.monotonic() - started:.0f} s")


def environment_of(ports: Ports) -> dict[str, str]:
    """Variables of docker-compose.yaml that publish the stack on `ports`."""
    return {f"LEADS_{name.upper()}": str(port) for name, port in ports.model_dump().items()}


def clean(compose: Compose) -> None:
    """Removes containers, network and volumes of the project; its images stay, for the next time."""
    compose.run("--profile", "celery", "down", "--volumes", "--remove-orphans", "--timeout", "20")


def timed[Result](console: Console, what: str, work: Callable[[], Result]) -> Result:
    """The result of `work`, after its time has been printed."""
    started = time.monotonic()
    result = work()
    console.print(f"{what}: {time.monotonic() - started:.0f} s")
    return result


if __name__ == "__main__":
    main()
