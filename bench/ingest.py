"""How fast are raw files typed? The ingestion job against plain Spark, side by side on files made for it.

`python -m bench.ingest --json`: each run is a process of its own in the environment in which the local Glue runs its
jobs (two cores, 1 GB of heap), from start to end. Both take turns. Plain Spark reads the CSV with the contract's types,
keeps one row a key and writes Parquet; it judges no row. Peak memory is that of all processes of a run together, read
twenty times a second (a page that two of them share counts twice). Seconds of the processors are shown too: on a
machine that does other work besides they say more than the clock.

`--gigabytes 5` makes one file of that size instead and shows the largest process, which must stay below 3 GB.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from bench._leads_file import write_leads
from bench._table import last_line, show
from include.contract import load_contract
from include.glue import s3_to_redshift
from localaws.glue.spark_env import spark_environment

ROOT = Path(__file__).parents[1]
ROWS = 1_000_000
SIZES = (100_000, 1_000_000, 3_000_000)
BROKEN_SHARE = 0.01
SMALL_ROWS = 2_000
DRAWN_SAMPLE = 20_000
EVERY = 0.05
GIGABYTE = 1_000_000_000
MEGABYTE = 1_000_000


class Run(NamedTuple):
    """One run: seconds on the clock and of the processors, peak memory in MB of all processes and of the largest."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    largest_mb: float


def measured(command: list[str], folder: Path) -> Run:
    """Runs a command to its end."""
    environment = spark_environment(folder, [str(ROOT)])
    log = folder / "log.txt"
    started = time.monotonic()
    peak, largest = 0.0, 0.0
    with log.open("wb") as output:
        running = subprocess.Popen(  # noqa: S603
            command, env=environment, stdout=output, stderr=output, cwd=folder
        )
        root = psutil.Process(running.pid)
        cpu: dict[int, float] = {}
        while running.poll() is None:
            sizes = [*sample(root, cpu), 0]
            peak, largest = max(peak, sum(sizes)), max(largest, *sizes)
            time.sleep(EVERY)
    seconds = time.monotonic() - started
    if running.returncode:
        raise SystemExit(f"{command} failed:\n{log.read_text()[-3000:]}")
    used = sum(cpu.values())
    return Run(seconds, used, peak / MEGABYTE, largest / MEGABYTE)


def sample(root: psutil.Process, cpu: dict[int, float]) -> list[int]:
    """Resident bytes of a process and of all below it; notes how long each has used a processor so far."""
    sizes = []
    try:
        for process in (root, *root.children(recursive=True)):
            sizes.append(process.memory_info().rss)
            times = process.cpu_times()
            cpu[process.pid] = times.user + times.system
    except psutil.Error:  # it has just ended
        return sizes
    return sizes


def ingest(source: Path, folder: Path) -> tuple[Run, dict[str, int]]:
    """Runs the ingestion job on a folder; returns its counts too."""
    contract = folder / "contract.json"
    contract.write_text(load_contract("x_education").model_dump_json())
    metrics = folder / "metrics.json"
    places = {
        "SOURCE_URI": source,
        "CONTRACT_URI": contract,
        "OUTPUT_URI": folder / "out",
        "QUARANTINE_URI": folder / "quarantine",
        "METRICS_URI": metrics,
    }
    arguments = [f"--{name}=file://{path}" for name, path in places.items()]
    run = measured(
        [
            sys.executable,
            str(s3_to_redshift.__file__),
            "--LOAD_ID=bench",
            *arguments,
        ],
        folder,
    )
    counts = json.loads(metrics.read_text())
    outcomes = ("loaded", "quarantined", "duplicate", "blank")
    accounted = sum(counts[f"{name}_rows"] for name in outcomes)
    if accounted != counts["input_rows"]:
        raise SystemExit(f"rows are lost: {counts}")
    return run, counts


def plain_spark(source: Path, folder: Path) -> Run:
    """Runs plain Spark on a folder."""
    command = [sys.executable, "-m", "bench._plain_ingest", str(source)]
    return measured([*command, str(folder / "plain")], folder)


class Bench:
    """Files below a folder, and the runs on them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = 0
        self.table: list[tuple[str, ...]] = []

    def source(self, rows: int, broken: float = 0.0) -> Path:
        """A folder with one file of so many leads."""
        source = self._folder / f"raw-{rows}-{broken}"
        if not source.exists():
            source.mkdir()
            write_leads(source / "leads.csv", rows, broken)
        return source

    def ingest(self, name: str, source: Path) -> Run:
        """One run of the job."""
        run, counts = ingest(source, self._scratch())
        self._note(f"job, {name}", counts["input_rows"], run)
        return run

    def plain(self, name: str, source: Path, rows: int) -> Run:
        """One run of plain Spark."""
        run = plain_spark(source, self._scratch())
        self._note(f"plain Spark, {name}", rows, run)
        return run

    def _scratch(self) -> Path:
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        folder.mkdir()
        return folder

    def _note(self, name: str, rows: int, run: Run) -> None:
        row = (
            name,
            f"{rows:,}",
            f"{run.seconds:.1f}",
            f"{run.cpu_seconds:.1f}",
            f"{rows / run.seconds:,.0f}",
            f"{run.peak_mb:,.0f}",
        )
        self.table.append(row)
        print(*row, sep="  ", file=sys.stderr, flush=True)


def compare(bench: Bench, repeats: int, rows: int) -> dict[str, float]:
    """The figures of the job beside plain Spark, with and without broken rows; medians of the repeats."""
    clean, broken = bench.source(rows), bench.source(rows, BROKEN_SHARE)
    ours, plain, with_broken = [], [], []
    for _ in range(repeats):
        ours.append(bench.ingest("clean", clean))
        plain.append(bench.plain("clean", clean, rows))
        with_broken.append(bench.ingest("1 % broken", broken))
    seconds, plain_seconds, broken_seconds = (
        statistics.median(run.seconds for run in runs)
        for runs in (ours, plain, with_broken)
    )
    cpu_seconds, plain_cpu_seconds, broken_cpu_seconds = (
        statistics.median(run.cpu_seconds for run in runs)
        for runs in (ours, plain, with_broken)
    )
    return {
        "seconds_1m": round(seconds, 1),
        "plain_spark_seconds_1m": round(plain_seconds, 1),
        "ratio": round(seconds / plain_seconds, 3),
        "rows_per_second": round(rows / seconds),
        "one_percent_broken_ratio": round(broken_seconds / seconds, 3),
        "cpu_ratio": round(cpu_seconds / plain_cpu_seconds, 3),
        "one_percent_broken_cpu_ratio": round(
            broken_cpu_seconds / cpu_seconds, 3
        ),
        "cpu_seconds": round(cpu_seconds, 1),
        "peak_mb": round(max(run.peak_mb for run in (*ours, *with_broken))),
        "plain_spark_peak_mb": round(max(run.peak_mb for run in plain)),
    }


def growth(bench: Bench, known: dict[int, float]) -> tuple[float, float]:
    """The exponent with which the time grows with the rows, and the peak memory in MB."""
    peak = 0.0
    seconds = dict(known)
    for rows in SIZES:
        if rows not in seconds:
            run = bench.ingest("growth", bench.source(rows))
            seconds[rows] = run.seconds
            peak = max(peak, run.peak_mb)
    sizes = np.log(list(seconds))
    exponent = np.polyfit(sizes, np.log(list(seconds.values())), 1)[0]
    return float(exponent), peak


def one_large_file(bench: Bench, gigabytes: float) -> dict[str, float]:
    """One file of so many gigabytes."""
    sample = bench.source(DRAWN_SAMPLE)
    size = (sample / "leads.csv").stat().st_size
    rows = round(gigabytes * GIGABYTE / size * DRAWN_SAMPLE)
    run = bench.ingest(f"{gigabytes:g} GB", bench.source(rows))
    return {
        "gigabytes": gigabytes,
        "rows": rows,
        "seconds": round(run.seconds, 1),
        "cpu_seconds": round(run.cpu_seconds, 1),
        "rows_per_second": round(rows / run.seconds),
        "peak_mb": round(run.peak_mb),
        "largest_process_mb": round(run.largest_mb),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--gigabytes", type=float)
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        bench = Bench(Path(folder))
        if asked.gigabytes:
            result = one_large_file(bench, asked.gigabytes)
        else:
            small = bench.ingest("small load", bench.source(SMALL_ROWS))
            result = compare(bench, asked.repeats, asked.rows)
            result["small_load_seconds"] = round(small.seconds, 2)
            if asked.rows == ROWS:
                exponent, peak = growth(bench, {ROWS: result["seconds_1m"]})
                result["growth_exponent"] = round(exponent, 3)
                result["peak_mb"] = max(result["peak_mb"], round(peak))
    show(
        "Typing raw files of leads, two cores",
        ("run", "leads", "seconds", "CPU s", "leads/s", "peak MB"),
        bench.table,
    )
    last_line(result, asked.json)


if __name__ == "__main__":
    main()
