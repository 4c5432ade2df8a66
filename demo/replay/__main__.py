"""`python -m demo.replay`: the lifecycle on the running local stack; LEADS_CSV=path takes a real file."""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from demo.environment import STATE, client_environment
from demo.leads.synthetic import write_synthetic
from demo.ports import Ports
from demo.replay.airflow import Airflow, AirflowError, RunFailedError
from demo.replay.batches import UnusableFileError, cut
from demo.replay.facts import Facts
from demo.replay.lifecycle import Stage, replay
from demo.replay.tables import address_table, outcome_table
from include.contract import load_contract
from include.settings import settings
from include.warehouse.errors import WarehouseError

LOG_WIDTH = 160  # without a terminal rich takes 80 columns, too few for the closing table
COLUMNS = (
    SpinnerColumn(finished_text="[green]✓"),
    BarColumn(12),
    TimeElapsedColumn(),
    TextColumn("{task.description}"),
)


def leads_file() -> Path:
    """The file that LEADS_CSV names, else freshly drawn synthetic leads."""
    if named := os.environ.get("LEADS_CSV"):
        return Path(named)
    path = STATE / "synthetic-leads.csv"
    write_synthetic(path)
    return path


def run(console: Console) -> list[Facts]:
    """Plays the file's batches on the stack that the ports point at."""
    ports, started = Ports(), datetime.now(UTC)
    os.environ.update(client_environment(ports, settings()))
    contract, path = load_contract(settings().contract), leads_file()
    batches = cut(path.read_bytes(), contract)
    console.print(f"{sum(batch.rows for batch in batches):,} leads from {path} in {len(batches)} batches")
    with Progress(*COLUMNS, console=console) as progress:
        stage = Stage(Airflow(ports.airflow), ports, settings(), contract, f"{started:%Y%m%dT%H%M%S}")
        return replay(stage, batches, progress)


def main(stopped_by: str = "make down") -> None:
    """The command line: exit status 1 and the reason where anything did not succeed."""
    console, started = Console(), time.monotonic()
    if not console.is_terminal:
        console.width = LOG_WIDTH
    try:
        outcomes = run(console)
    except httpx.HTTPError as error:
        console.print(f"the local stack does not answer ({error}); `make up` starts it", style="red", markup=False)
        sys.exit(1)
    except (RunFailedError, AirflowError, UnusableFileError, WarehouseError, FileNotFoundError) as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
    console.print(outcome_table(outcomes))
    for facts in outcomes:
        for alert in facts.alerts:
            console.print(f"  alert · {facts.batch} · {alert}", markup=False, style="dim")
    console.print(address_table(Ports(), stopped_by))
    console.print(f"replayed in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
