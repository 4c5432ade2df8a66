"""Drift of a million leads: time and memory beside plain Evidently, equal verdicts, false alarms and power.

`python -m bench.drift --json`. Leads are resampled from the synthetic file, or from --leads. The project's way and
plain Evidently (both sides read into frames, same methods and thresholds) read the same Parquet files, each in a fresh
process; seconds include reading and not the import of libraries, peak_mb is the process's, imports included. Scenarios
with changes of any strength compare the verdicts of both ways column by column. False alarms and power are
simulated with Evidently's own statistical tests, without its pictures; some runs are repeated as a whole analysis
to check that the verdicts are the same.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType

from bench._drift_leads import (
    CHANGES,
    population,
    resample,
    scenario,
    write_snapshot,
)
from bench._table import last_line, show
from include.contract import decisions_of, load_contract
from include.decisions import Decisions
from include.lake.columns import open_parquet
from include.lake.frames import read_parquet
from include.lake.objects import LOCAL
from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.drift import detect_drift
from include.monitoring.columns.frames import (
    Comparison,
    compare_frames,
    monitored_columns,
)
from include.settings import settings
from include.training.data.snapshot import open_snapshot

ROWS, SCENARIO_ROWS, SCENARIOS = 1_000_000, 30_000, 20
REFERENCE_ROWS, WINDOW_ROWS, RESAMPLES, POWER_RUNS = 9_240, 2_000, 200, 100
CHECKED = 2
PROCESSES = 2
Verdicts = dict[str, bool]


def project(folder: str) -> dict[str, Any]:
    """The project's analysis of two folders, as `analyse_drift` runs it."""
    started, cpu, now = time.perf_counter(), time.process_time(), settings()
    reference, current = (
        open_snapshot(f"{LOCAL}{folder}/reference/"),
        open_parquet(f"{LOCAL}{folder}/current/"),
    )
    analysis = compare_leads(
        reference,
        current,
        load_contract(now.contract),
        now.decisions.drift_share_threshold,
        now.decisions.outage_missing_jump,
    )
    report = analysis.report
    return _spent(started, cpu) | {
        "verdicts": {
            column.column: column.drifted for column in report.columns
        },
        "largest_error": max(column.error for column in report.columns),
        "on_all_rows": len(report.exact_columns),
    }


def plain(folder: str) -> dict[str, Any]:
    """Evidently on the full frames, same methods and thresholds."""
    started, cpu, contract = (
        time.perf_counter(),
        time.process_time(),
        load_contract(settings().contract),
    )
    config = drift_config()
    reference, current = (
        read_parquet(f"{LOCAL}{folder}/{side}/")
        for side in ("reference", "current")
    )
    comparison = compare_frames(
        reference,
        current,
        monitored_columns(reference, contract, current),
        config.missing,
    )
    report = detect_drift(comparison, config)
    return _spent(started, cpu) | {
        "verdicts": {column.column: column.drifted for column in report.columns}
    }


def _spent(started: float, cpu: float) -> dict[str, Any]:
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def write_pair(path: str, rows: int, seed: int, folder: str) -> None:
    """Writes `rows` unchanged and `rows` changed leads under `folder`."""
    leads, random = _population(path), np.random.default_rng(seed)
    write_snapshot(resample(leads, rows, random), f"{folder}/reference")
    write_snapshot(
        scenario(resample(leads, rows, random), random), f"{folder}/current"
    )


def same_verdicts(path: str, seed: int) -> dict[str, Any]:
    """One scenario, judged both ways."""
    with tempfile.TemporaryDirectory() as folder:
        write_pair(path, SCENARIO_ROWS, seed, folder)
        ours, full = project(folder), plain(folder)
    return {
        "equal": ours["verdicts"] == full["verdicts"],
        "columns": len(full["verdicts"]),
        "drifted": sum(full["verdicts"].values()),
        "on_all_rows": ours["on_all_rows"],
    }


def simulate(
    path: str, change: str, rows: int, seed: int
) -> tuple[Verdicts, bool]:
    """Verdicts on one resampled reference and window, the window changed; whether a whole analysis agrees."""
    contract, config, random = (
        load_contract(settings().contract),
        drift_config(),
        np.random.default_rng([seed, rows]),
    )
    leads = _population(path)
    reference, current = (
        resample(leads, REFERENCE_ROWS, random),
        resample(leads, rows, random),
    )
    if change:
        current = CHANGES[change][0](current, random)
    found = quick(
        compare_frames(
            reference,
            current,
            monitored_columns(reference, contract, current),
            config.missing,
        )
    )
    if seed >= CHECKED:
        return found, True
    report = compare_leads(reference, current, contract, 0.3, 0.5).report
    return found, found == {
        column.column: column.drifted for column in report.columns
    }


def quick(comparison: Comparison) -> Verdicts:
    """Evidently's verdict per column without its report."""
    config = drift_config()
    numeric = dict.fromkeys(comparison.numeric, config.numeric.method)
    categorical = dict.fromkeys(
        comparison.categorical, config.categorical.method
    )
    return {
        name: _drifted(comparison, name, method)
        for name, method in (numeric | categorical).items()
    }


def _drifted(comparison: Comparison, name: str, method: str) -> bool:
    reference = comparison.reference[name].dropna()
    current = comparison.current[name].dropna()
    kind = (
        ColumnType.Numerical
        if name in comparison.numeric
        else ColumnType.Categorical
    )
    test = get_stattest(reference, current, kind, method)
    threshold = comparison.thresholds[name]
    return bool(test(reference, current, kind, threshold).drifted)


_POPULATIONS: dict[str, pd.DataFrame] = {}


def _population(path: str) -> pd.DataFrame:
    if path not in _POPULATIONS:
        _POPULATIONS[path] = population(path)
    return _POPULATIONS[path]


def alone(job: Callable[..., Any], *arguments: Any) -> Any:
    """Runs a job in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(job, arguments)


def false_alarms(
    pool: Any, path: str, rows: int
) -> tuple[float, list[tuple[Verdicts, bool]]]:
    """Share of resamples of one population with dataset drift, and what was found."""
    found = pool.map(partial(simulate, path, "", rows), range(RESAMPLES))
    share = _decisions().drift_share_threshold
    return sum(
        sum(one.values()) / len(one) >= share for one, _ in found
    ) / RESAMPLES, found


def power(
    pool: Any, path: str, change: str
) -> tuple[float, list[tuple[Verdicts, bool]]]:
    """Share of runs in which exactly the changed column is reported, and what was found."""
    found = pool.map(
        partial(simulate, path, change, WINDOW_ROWS), range(POWER_RUNS)
    )
    right = [
        [name for name, drifted in one.items() if drifted]
        == [CHANGES[change][1]]
        for one, _ in found
    ]
    return sum(right) / POWER_RUNS, found


def measure(path: str, rows: int) -> dict[str, Any]:
    """Time and memory of both ways on one pair of folders."""
    with tempfile.TemporaryDirectory() as folder:
        alone(write_pair, path, rows, 0, folder)
        ours, full = alone(project, folder), alone(plain, folder)
    return {
        "rows": rows,
        "columns": len(full["verdicts"]),
        **{
            name: round(ours[name], 1)
            for name in ("seconds", "cpu_seconds", "peak_mb")
        },
        **{
            f"plain_{name}": round(full[name], 1)
            for name in ("seconds", "cpu_seconds", "peak_mb")
        },
        "verdicts_equal_here": ours["verdicts"] == full["verdicts"],
        "drifted_here": sum(full["verdicts"].values()),
        "largest_error": round(ours["largest_error"], 4),
        "on_all_rows_here": ours["on_all_rows"],
    }


def judge_quality(path: str) -> dict[str, Any]:
    """Equal verdicts, false alarms and power."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        scenarios = pool.map(
            partial(same_verdicts, path), range(1, SCENARIOS + 1), chunksize=1
        )
        alarms, found = false_alarms(pool, path, WINDOW_ROWS)
        smallest, found_smallest = false_alarms(
            pool, path, _decisions().min_drift_rows
        )
        powers = {change: power(pool, path, change) for change in CHANGES}
    simulated = (
        found
        + found_smallest
        + [one for _, runs in powers.values() for one in runs]
    )
    return {
        "scenarios": len(scenarios),
        "scenario_rows": SCENARIO_ROWS,
        "scenario_columns": sum(one["columns"] for one in scenarios),
        "scenario_drifted": sum(one["drifted"] for one in scenarios),
        "scenario_on_all_rows": sum(one["on_all_rows"] for one in scenarios),
        "verdicts_equal": sum(one["equal"] for one in scenarios)
        / len(scenarios),
        "false_alarm_rate": alarms,
        "false_alarm_rate_smallest_window": smallest,
        "power": min(rate for rate, _ in powers.values()),
        **{f"power_{change}": rate for change, (rate, _) in powers.items()},
        "simulations_confirmed": all(agrees for _, agrees in simulated),
    }


def _decisions() -> Decisions:
    """What is decided about the default contract's leads."""
    now = settings()
    return decisions_of(now, load_contract(now.contract))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--leads",
        default="",
        help="CSV of leads to resample; the synthetic ones without it",
    )
    parser.add_argument(
        "--rows",
        type=int,
        default=ROWS,
        help="leads on either side of the large comparison",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    arguments = parser.parse_args()
    result = measure(arguments.leads, arguments.rows)
    show("One comparison", ("figure", "value"), list(result.items()))
    result |= judge_quality(arguments.leads)
    show("All figures", ("figure", "value"), list(result.items()))
    last_line(result, arguments.json)


if __name__ == "__main__":
    main()
