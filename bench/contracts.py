"""What ten contracts in one deployment cost: `python -m bench.contracts [--json]`.

They are the default contract and nine copies of it under other names, in a folder that is deleted at the end.

- `parse_seconds`: the slowest DAG file with all of them, over the Airflow modules that the files import. These are
  seconds of a core, so that other work on the machine does not count.
- `parse_more`: how much longer a DAG file takes than with the default contract alone; the largest of all files.
- `api_mb`: memory of a process that serves all of them, each with a pair of champions (lightgbm) of its own, after each
  has scored a lead with reasons.
- `deploy_seconds`: to pack everything for MWAA (`infra.package`); the upload depends on the network.
- `environment_unchanged`: whether requirements, plugins and startup script are the same bytes as without the nine, so
  that MWAA's environment is not updated.
"""

import argparse
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from bench._table import last_line, show
from bench.dag_parse import ROOT, airflow_environment, airflow_modules
from include.contract import Contract, decisions_of, load_contract
from include.scoring.stages import STAGES
from include.settings import settings
from infra.package import package

CONTRACTS = 10
REPEATS = 2
LEADS = 1500
ENVIRONMENT_FILES = ("requirements.txt", "plugins.zip", "startup.sh")
SHIPPED = ("dags", "include", "plugins")
PARSE = """
import importlib, json, os, runpy, statistics, sys, time
folder, repeats, files, modules = json.loads(sys.argv[1])
for module in modules:
    importlib.import_module(module)
for file in files:
    for place in ("", folder):
        for _ in range(repeats):
            if os.fork() == 0:
                os.environ["LEADS_CONTRACTS_FOLDER"] = place
                start = time.process_time()
                runpy.run_path(file)
                seconds = time.process_time() - start
                sys.stdout.write(json.dumps(["seconds", file, place, seconds]) + "\\n")
                sys.stdout.flush()
                os._exit(0)
            os.wait()
"""
SERVE = """
import json, sys
import psutil
import include.api.app as api
from bench.contracts import loaded_champions
from include.contract.in_force import contracts_in_force
from include.settings import settings

api._watched_champions = lambda current, contract, endpoint: loaded_champions(contract, sys.argv[1])
client = api.create_app(settings()).test_client()
statuses = []
for name in contracts_in_force(settings()):
    reply = client.post(f"/{name}/predict", json={"Lead Source": "Google", "TotalVisits": 4})
    statuses.append(reply.status_code)
megabytes = psutil.Process().memory_info().rss / 2**20
print(json.dumps({"mb": megabytes, "served": statuses.count(200)}))
"""


def write_copies(folder: Path) -> None:
    """Write nine copies of the default contract under names of their own."""
    file = ROOT / "include" / "contract" / f"{settings().contract}.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    for number in range(1, CONTRACTS):
        name = f"copy_{number}"
        names = {
            key: f"{name}_{value}" for key, value in content["names"].items()
        }
        names["prefix"] = f"{name}/"
        copy = content | {"contract": name, "names": names}
        text = yaml.safe_dump(copy, sort_keys=False, allow_unicode=True)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def parse_times(folder: Path) -> dict[str, tuple[float, float]]:
    """Return DAG file to the seconds with the default contract alone, and with all of them."""
    files = sorted((ROOT / "dags").glob("*.py"))
    modules: set[str] = set()
    for file in files:
        modules.update(airflow_modules(file))
    request = [
        str(folder),
        REPEATS,
        [str(file) for file in files],
        sorted(modules),
    ]
    with tempfile.TemporaryDirectory() as home:
        output = _python(PARSE, json.dumps(request), airflow_environment(home))
    seconds: dict[tuple[str, str], list[float]] = {}
    for line in output.splitlines():
        if line.startswith('["seconds"'):
            _, file_name, place, value = json.loads(line)
            seconds.setdefault((Path(file_name).name, place), []).append(value)
    return {
        file.name: (
            min(seconds[file.name, ""]),
            min(seconds[file.name, str(folder)]),
        )
        for file in files
    }


def write_champions(folder: Path) -> None:
    """Fit a pipeline for each stage on generated leads, and pickle it."""
    from bench.synthetic import typed
    from demo.leads.synthetic import synthetic_leads
    from include.evaluation.tiers import TIERS
    from include.features.calibration import Decision
    from include.training.data.dataset import make_dataset
    from include.training.fit import refit
    from include.training.recipe import Recipe

    contract = load_contract(settings().contract)
    leads = typed(synthetic_leads(LEADS), contract)
    recipe = Recipe("lightgbm", {}, "none", Decision("f1", 0.5, TIERS))
    for stage in STAGES:
        data = make_dataset(leads, contract, stage, {})
        pipeline = refit(
            decisions_of(settings(), contract),
            contract,
            recipe,
            data,
            data.split != "holdout",
            stage,
        )
        (folder / f"{stage}.pickle").write_bytes(pickle.dumps(pipeline))


def loaded_champions(contract: Contract, folder: str) -> "object":
    """Return a pair of champions that share nothing with those of another contract."""
    from datetime import UTC, datetime

    from include.registry.registry import ChampionInfo
    from include.scoring.champions import ChampionHolder, Champions
    from include.scoring.scorer import scorer_of

    holders = {}
    for stage in STAGES:
        content = Path(folder, f"{stage}.pickle").read_bytes()
        pipeline = pickle.loads(content)  # noqa: S301 - written by this benchmark
        version = ChampionInfo(
            contract.model_name(stage), "1", "run", {}, datetime.now(UTC)
        )
        scorer = scorer_of(contract, stage, version, pipeline)
        holders[stage] = ChampionHolder(lambda served, loaded=scorer: loaded)
    champions = Champions(contract, holders, 60)
    champions.refresh()
    return champions


def api_memory(contracts: Path, champions: Path) -> tuple[float, int]:
    """Return the memory in MB of a process that serves all contracts, and how many of them have scored a lead."""
    environment = {
        **os.environ,
        "LEADS_CONTRACTS_FOLDER": str(contracts),
        "LEADS_API_AUTH": "off",
        "OMP_NUM_THREADS": "1",
    }
    output = _python(SERVE, str(champions), environment)
    result = json.loads(output.splitlines()[-1])
    return result["mb"], result["served"]


def deployment(contracts: Path, folder: Path) -> tuple[float, bool]:
    """Return the seconds to pack the project with all contracts, and whether MWAA's environment stays as it is."""
    root = folder / "project"
    for part in SHIPPED:
        shutil.copytree(
            ROOT / part,
            root / part,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(ROOT / "requirements.txt", root)
    package(root, folder / "before")
    for file in contracts.glob("*.yaml"):
        shutil.copy(file, root / "include" / "contract")
    start = time.perf_counter()
    package(root, folder / "after")
    seconds = time.perf_counter() - start
    unchanged = all(
        (folder / "before" / name).read_bytes()
        == (folder / "after" / name).read_bytes()
        for name in ENVIRONMENT_FILES
    )
    return seconds, unchanged


def _python(code: str, argument: str, environment: dict[str, str]) -> str:
    """Return what a fresh interpreter prints."""
    command = [sys.executable, "-c", code, argument]
    return subprocess.run(  # noqa: S603 - our own
        command,
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    wanted = parser.parse_args().json
    with tempfile.TemporaryDirectory() as place:
        folders = {}
        for name in ("contracts", "champions", "deployment"):
            folders[name] = Path(place) / name
            folders[name].mkdir()
        write_copies(folders["contracts"])
        times = parse_times(folders["contracts"])
        write_champions(folders["champions"])
        megabytes, served = api_memory(
            folders["contracts"], folders["champions"]
        )
        deploy_seconds, unchanged = deployment(
            folders["contracts"], folders["deployment"]
        )
    rows = [(name, alone, ten) for name, (alone, ten) in times.items()]
    show(
        "DAG files, seconds of a core over their operators",
        ("file", "one contract", f"{CONTRACTS} contracts"),
        rows,
    )
    result = {
        "contracts": served,
        "parse_seconds": round(max(ten for _, ten in times.values()), 3),
        "parse_more": round(
            max(ten - alone for alone, ten in times.values()), 3
        ),
        "api_mb": round(megabytes),
        "deploy_seconds": round(deploy_seconds, 2),
        "environment_unchanged": unchanged,
    }
    show("Together", ("figure", "value"), list(result.items()))
    last_line(result, wanted)


if __name__ == "__main__":
    main()
