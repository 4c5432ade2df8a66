"""Replay the lifecycle on the running local stack: `python -m demo.replay`.

LEADS_CSV=path takes a real file, LEADS_CONTRACT=path another contract than the guide's.
"""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from demo.environment import STATE, client_environment
from demo.errors import AirflowError, RunFailedError, UnusableFileError
from demo.leads.synthetic import CONTRACT, write_synthetic
from demo.ports import Ports
from demo.replay.airflow import Airflow
from demo.replay.batches import OTHER_PERIODS, PERIODS, cut
from demo.replay.facts import Facts
from demo.replay.lifecycle import Replay
from demo.replay.open_leads import OpenFacts
from demo.replay.systems import draw_deliveries
from demo.replay.tables import (
    WIDTH,
    address_table,
    alert_table,
    open_table,
    outcome_table,
)
from include.contract import Contract, load_contract
from include.settings import settings
from include.warehouse.errors import WarehouseError

STORY = "b2b_crm"
COLUMNS = (
    SpinnerColumn(finished_text="[green]✓"),
    BarColumn(12),
    TimeElapsedColumn(),
    TextColumn("{task.description}"),
)


def leads_file(contract: Contract) -> Path:
    """Return the file that LEADS_CSV names, else freshly drawn synthetic leads of the guide's contract.

    Raises:
        UnusableFileError: the contract is another one, and no file is named.
    """
    path = os.environ.get("LEADS_CSV")
    if path:
        return Path(path)
    if contract.contract != CONTRACT:
        raise UnusableFileError(
            f"synthetic leads exist for {CONTRACT} alone; name a file of {contract.contract}: make demo CSV=path"
        )
    synthetic = STATE / "synthetic-leads.csv"
    write_synthetic(synthetic)
    return synthetic


def run(console: Console) -> tuple[list[Facts], OpenFacts]:
    """Play the lifecycle on the stack that the ports point at."""
    started = datetime.now(UTC)
    ports = Ports()
    os.environ.update(client_environment(ports, settings()))
    contract = load_contract(settings().contract)
    with Progress(*COLUMNS, console=console) as progress:
        replay = Replay(
            airflow=Airflow(ports.airflow),
            ports=ports,
            settings=settings(),
            contract=contract,
            mark=f"{started:%Y%m%dT%H%M%S}",
            progress=progress,
        )
        if contract.unify:
            return play_systems(replay, console)
        return play_file(replay, console)


def play_systems(
    replay: Replay, console: Console
) -> tuple[list[Facts], OpenFacts]:
    """Play the story's systems, freshly drawn. Raises UnusableFileError for a contract with other sources."""
    name = replay.contract.contract
    if name != STORY:
        raise UnusableFileError(
            f"leads of several sources are drawn for {STORY} alone, not for {name}"
        )
    deliveries = draw_deliveries(STATE / "story")
    leads = sum(delivery.rows for delivery in deliveries)
    files = sum(len(delivery.files) for delivery in deliveries)
    console.print(
        f"{leads:,} leads in {files:,} files of {len(replay.contract.unify['sources'])} sources, "
        f"in {len(deliveries)} deliveries"
    )
    return replay.run_systems(deliveries)


def play_file(
    replay: Replay, console: Console
) -> tuple[list[Facts], OpenFacts]:
    """Play a file of leads in batches."""
    contract = replay.contract
    path = leads_file(contract)
    is_guides = contract.contract == CONTRACT
    periods = PERIODS if is_guides else OTHER_PERIODS
    batches = cut(path.read_bytes(), contract, periods)
    rows = sum(batch.rows for batch in batches)
    console.print(
        f"{rows:,} leads from {path} in {len(batches)} batches", markup=False
    )
    return replay.run(batches)


def main(stopped_by: str = "make down") -> None:
    """Run the command line: exit status 1 and the reason where anything did not succeed."""
    started = time.monotonic()
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH  # without a terminal rich takes 80 columns
    try:
        outcomes, open_facts = run(console)
    except httpx.HTTPError as error:
        console.print(
            f"the local stack does not answer ({error}); `make up` starts it",
            style="red",
            markup=False,
        )
        sys.exit(1)
    except (
        RunFailedError,
        AirflowError,
        UnusableFileError,
        WarehouseError,
        FileNotFoundError,
    ) as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
    console.print()
    console.print(outcome_table(outcomes))
    console.print()
    console.print(alert_table(outcomes))
    console.print()
    console.print(open_table(open_facts))
    console.print()
    console.print(address_table(Ports(), stopped_by))
    console.print(f"replayed in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
