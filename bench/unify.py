"""What it costs to put the story's leads together: `python -m bench.unify [--json] [--sizes N …] [--spark]`.

The generator's typed rows of five sources (about 25 a lead) become one row for each lead, by the contract
`demo/story/b2b_crm.yaml`. Features are computed by DuckDB with one thread, or with --spark by Spark, as the
Glue job does. Each size is a process of its own; drawing the rows does not count.

- `seconds`: on the clock; `processor_seconds`: of the processors.
- `rows`: of all sources together.
- `peak_mb`: the largest resident size of the process, the drawn rows included. Spark's Java process is not.
- `growth_exponent`: of the processor seconds, from the smallest to the largest size.
- `seconds_1m`: where 1,000,000 leads were measured.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench._table import last_line, show
from demo.story.story import SOURCES, draw_cell, make_world
from include.asof.in_duckdb import compute_features
from include.contract import Contract, load_contract
from include.unify.plan import Plan, SourcePlan, plan_of
from include.unify.rows import CHANGED
from include.unify.unify import unify

ROOT = Path(__file__).parents[1]
STORY = ROOT / "demo" / "story" / "b2b_crm.yaml"
SIZES = (10_000, 100_000)
MILLION = 1_000_000
WRITTEN = np.datetime64("2026-01-01", "us")


def source_tables(contract: Contract, leads: int) -> dict[str, pa.Table]:
    """Typed rows of each source, as ingestion writes them."""
    plan = plan_of(contract)
    world = make_world(leads, seed=7)
    parts: dict[str, list[pa.Table]] = {name: [] for name in SOURCES}
    for index in world.cells:
        cell = draw_cell(world, index)
        for name, table in cell.sources.items():
            parts[name].append(table)
    tables = {}
    for source in plan.sources.values():
        table = pa.concat_tables(parts.pop(source.prefix.rstrip("/")))
        tables[source.name] = typed(plan, source, table)
    return tables


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


def measured(leads: int, spark: bool) -> dict[str, float]:
    """Figures of one size."""
    contract = load_contract(str(STORY))
    tables = source_tables(contract, leads)
    rows = sum(table.num_rows for table in tables.values())
    with tempfile.TemporaryDirectory() as folder:
        compute: Callable[..., Any] = compute_features
        if spark:
            from include.glue.sources import in_spark

            compute = in_spark(f"file://{folder}/")
        started = time.monotonic()
        times = sum(os.times()[:4])
        unified = unify(contract, tables, compute)
        seconds = time.monotonic() - started
        processor_seconds = sum(os.times()[:4]) - times
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "leads": leads,
        "rows": rows,
        "unified": unified.leads.num_rows,
        "seconds": seconds,
        "processor_seconds": processor_seconds,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def growth(first: dict[str, float], last: dict[str, float]) -> float:
    """Exponent by which the processor seconds grow with the leads."""
    if last["leads"] <= first["leads"]:
        return 0.0
    costs = math.log(last["processor_seconds"] / first["processor_seconds"])
    return costs / math.log(last["leads"] / first["leads"])


def main() -> None:
    """Measures each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        last_line(measured(options.one, options.spark), True)
        return
    results = []
    for size in options.sizes:
        command = [sys.executable, "-m", "bench.unify", "--one", str(size)]
        if options.spark:
            command.append("--spark")
        output = subprocess.check_output(command, text=True)  # noqa: S603
        results.append(json.loads(output.splitlines()[-1]))
    first, last = results[0], results[-1]
    result = {**last, "growth_exponent": growth(first, last)}
    if last["leads"] == MILLION:
        result["seconds_1m"] = last["seconds"]
    rows = [list(figures.values()) for figures in results]
    show("Leads of several sources", list(first), rows)
    last_line(result, options.json)


if __name__ == "__main__":
    main()
