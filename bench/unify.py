"""What it costs to put the story's leads together: `python -m bench.unify [--json] [--sizes N …] [--spark]`.

The generator's rows of five sources (about 25 a lead) lie as typed Parquet, as ingestion writes them. They become one
row for each lead, by the contract `demo/story/b2b_crm.yaml`, as the Glue job does it. Features are computed by DuckDB
with one thread, or with --spark by Spark, as in the job on the local AWS. Each size is a process of its own; drawing
the rows and writing them to files is another one, and does not count.

- `seconds`: on the clock, reading included; `processor_seconds`: of the processors.
- `rows`: of all sources together.
- `peak_mb`: the largest resident size of the process; with --spark and that of its Java process at the same moment.
- `growth_exponent`: of the processor seconds, from the smallest to the largest size.
- `seconds_1m`: where 1,000,000 leads were measured.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench._table import last_line, show
from demo.story.story import draw_cell, make_world
from include.asof.in_duckdb import compute_features, count_rate
from include.contract import Contract, load_contract
from include.glue.sources import count_in_spark, in_spark, moments_of
from include.glue.typed_rows import TypedRows
from include.unify.plan import Plan, SourcePlan, plan_of
from include.unify.rows import CHANGED
from include.unify.unify import Unified, unify
from localaws.glue.spark_env import spark_environment

ROOT = Path(__file__).parents[1]
STORY = ROOT / "demo" / "story" / "b2b_crm.yaml"
SIZES = (10_000, 100_000)
MILLION = 1_000_000
MB = 1024 * 1024
WRITTEN = np.datetime64("2026-01-01", "us")


def drawn_cells(
    contract: Contract, leads: int
) -> Iterator[dict[str, pa.Table]]:
    """Typed rows of each source, one part of the world after the other."""
    plan = plan_of(contract)
    world = make_world(leads, seed=7)
    for index in world.cells:
        cell = draw_cell(world, index)
        yield {
            name: typed(plan, source, cell.sources[source.prefix.rstrip("/")])
            for name, source in plan.sources.items()
        }


def source_tables(contract: Contract, leads: int) -> dict[str, pa.Table]:
    """Typed rows of each source, as ingestion writes them."""
    cells = list(drawn_cells(contract, leads))
    return {
        name: pa.concat_tables([tables[name] for tables in cells])
        for name in plan_of(contract).sources
    }


def write_sources(contract: Contract, leads: int, folder: Path) -> None:
    """Write the typed rows of each source below a folder of its name, one file for each part of the world."""
    for number, tables in enumerate(drawn_cells(contract, leads)):
        for name, rows in tables.items():
            file = folder / name / f"part-{number:05}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(rows, file)


def typed(plan: Plan, source: SourcePlan, table: pa.Table) -> pa.Table:
    """Rows of the generator in the types of the contract."""
    columns: dict[str, Any] = {}
    for name in source.columns:
        column = table[name]
        if name in plan.outcomes:
            yes = pc.equal(column, "yes").cast(pa.int32())
            column = pc.if_else(pc.equal(column, ""), None, yes)
        elif pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us"))
        elif source.columns[name] in ("string", "category"):
            text = column.cast(pa.string())
            column = pc.if_else(pc.equal(text, ""), None, text)
        columns[name] = column
    changed = np.full(table.num_rows, WRITTEN)
    return pa.table({**columns, CHANGED: pa.array(changed)})


def measured(folder: Path, leads: int, spark: bool) -> dict[str, float]:
    """Figures of the sources below a folder."""
    contract = load_contract(str(STORY))
    started = time.monotonic()
    with largest_size() as size:
        unified = unified_leads(contract, folder, spark)
    return {
        "leads": leads,
        "rows": sum(
            source["rows"] for source in unified.report["sources"].values()
        ),
        "unified": unified.leads.num_rows,
        "seconds": time.monotonic() - started,
        "processor_seconds": size.processor_seconds,
        "peak_mb": size.bytes / MB,
    }


def unified_leads(contract: Contract, folder: Path, spark: bool) -> Unified:
    """Leads and the counts of rates, as the job makes them."""
    plan = plan_of(contract)
    typed_rows = TypedRows(
        {name: f"file://{folder}/{name}/" for name in plan.sources}
    )
    compute: Callable[..., Any] = compute_features
    count: Callable[..., Any] = count_rate
    with tempfile.TemporaryDirectory() as work:
        if spark:
            os.environ.update(spark_environment(Path(work), [str(ROOT)]))
            compute = in_spark(f"file://{work}/")
            count = count_in_spark(f"file://{work}/")
        return unify(
            contract,
            typed_rows,
            compute,
            processes=os.cpu_count() or 1,
            count_rate=count,
            moments=moments_of(plan, typed_rows),
        )


class Size:
    """What this process and its children used.

    Attributes:
        bytes: the largest resident size of all of them at one moment.
        processor_seconds: of all of them.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self.processor_seconds = 0.0

    def look(self) -> None:
        """Read the sizes as they are now."""
        this_process = psutil.Process()
        processes = [this_process, *this_process.children(recursive=True)]
        size = 0
        seconds = 0.0
        for process in processes:
            try:
                size += process.memory_info().rss
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            seconds += times.user + times.system
            # Those of processes that have ended, which their parent waited for.
            seconds += times.children_user + times.children_system
        self.bytes = max(self.bytes, size)
        self.processor_seconds = max(self.processor_seconds, seconds)


@contextmanager
def largest_size() -> Iterator[Size]:
    """Look at the sizes twice a second: each look reads of every process of the machine, and would slow the work."""
    size = Size()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            size.look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield size
    finally:
        ended.set()
        watcher.join()
        size.look()


def growth(first: dict[str, float], last: dict[str, float]) -> float:
    """Exponent by which the processor seconds grow with the leads."""
    if last["leads"] <= first["leads"]:
        return 0.0
    costs = math.log(last["processor_seconds"] / first["processor_seconds"])
    return costs / math.log(last["leads"] / first["leads"])


def in_own_process(*arguments: str) -> str:
    """Run this module in a process of its own and return what it prints."""
    command = [sys.executable, "-m", "bench.unify", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    return subprocess.check_output(command, text=True, env=environment)  # noqa: S603


def measured_alone(leads: int, spark: bool) -> dict[str, float]:
    """Figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--folder", folder, "--one", str(leads)]
        in_own_process(*arguments, "--draw")
        if spark:
            arguments.append("--spark")
        output = in_own_process(*arguments)
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


def main() -> None:
    """Measures each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--draw", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.draw:
        contract = load_contract(str(STORY))
        write_sources(contract, options.one, options.folder)
        return
    if options.one:
        figures = measured(options.folder, options.one, options.spark)
        last_line(figures, True)
        return
    results = [measured_alone(size, options.spark) for size in options.sizes]
    first, last = results[0], results[-1]
    result = {**last, "growth_exponent": growth(first, last)}
    if last["leads"] == MILLION:
        result["seconds_1m"] = last["seconds"]
    rows = [list(figures.values()) for figures in results]
    show("Leads of several sources", list(first), rows)
    last_line(result, options.json)


if __name__ == "__main__":
    main()
