"""Start the local stack and return when every service is healthy: `python -m demo.up`."""

import shutil
import sys
import time
from collections.abc import Sequence

import psutil
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from demo import stack
from demo.environment import LOGS, STATE, local_environment
from demo.errors import StackError
from demo.ports import Ports
from demo.services import Service, services
from demo.waiting import wait_until
from include.settings import settings

DEADLINE = 240
POLL_SECONDS = 0.5


def up(console: Console) -> None:
    """Start what is not running yet. Raises StackError where a port is taken, a process died or time is up."""
    ports = Ports()
    parts = services(ports)
    honcho = stack.runner()
    if honcho is None:
        stack.stop()  # what a crash left behind
        stack.require_free_ports(parts, ports.smtp_port)
        shutil.rmtree(
            STATE, ignore_errors=True
        )  # the local AWS starts empty, so everything else does too
        (STATE / "airflow").mkdir(parents=True)
        LOGS.mkdir()
        environment = local_environment(ports, settings())
        with console.status("Airflow's database"):
            stack.prepare_database(environment)
        honcho = stack.start(environment)
    wait_until_healthy(parts, honcho, console)


def wait_until_healthy(
    parts: Sequence[Service], honcho: psutil.Process, console: Console
) -> None:
    """Show every service until all are healthy; a stack that does not get there is stopped again."""
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        waiting = {
            part: progress.add_task(f"{part.title:12} {part.address}", total=1)
            for part in parts
        }

        def all_healthy() -> bool:
            _require_all_running(honcho)
            for part in list(waiting):
                if part.healthy():
                    progress.update(waiting.pop(part), completed=1)
            return not waiting

        if not wait_until(all_healthy, DEADLINE, POLL_SECONDS):
            names = ", ".join(part.title for part in waiting)
            stack.stop()
            raise StackError(
                f"not healthy after {DEADLINE} s: {names}; see {stack.STACK_LOG}"
            )
    stack.remember(honcho)


def _require_all_running(honcho: psutil.Process) -> None:
    """Stop the stack and raise StackError if a process of it has ended."""
    ended = stack.fallen()
    if ended is None:
        if stack.is_alive(honcho):
            return
        ended = ("honcho", stack.tail(stack.STACK_LOG))
    name, output = ended
    stack.stop()
    raise StackError(
        f"{name} stopped while starting; its last lines (all in {stack.STACK_LOG}):\n{output}"
    )


def main() -> None:
    """Run the command line: exit status 1 and the reason where the stack does not start."""
    console = Console(stderr=True)
    started = time.monotonic()
    try:
        up(console)
    except StackError as error:
        console.print(str(error), markup=False, style="red")
        sys.exit(1)
    console.print(
        f"local stack ready after {time.monotonic() - started:.0f} s; `make down` stops it"
    )


if __name__ == "__main__":
    main()
