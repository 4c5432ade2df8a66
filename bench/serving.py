"""How fast leads are scored: the API against `mlflow models serve` and a plain Flask app, and the batch scorer.

`python -m bench.serving --leads Leads.csv --json`: one champion per stage in a real registry, behind three servers,
asked in turn for single leads. p50_ms and p99_ms are the API's with reasons at 50 requests a second, from when a
request was due; throughput is what four clients get answered that ask again at once. The others give no reasons.
batch_* are leads per second in one process on all cores, with the champion of the contact stage. spark_1m_seconds comes
from `bench.spark_scoring`, in a process of its own; `--without-spark` saves its minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bench._champions import crown
from bench._load import Ask, asking, latencies_ms, throughput
from bench._services import Process, api, free_port, lake, registry
from bench._table import last_line, show
from bench._training import add_leads_argument, read_leads
from include.contract import Contract, KnownAt, load_contract
from include.scoring.batch import CHUNK
from include.scoring.scorer import Scorer
from include.scoring.stages import load_champions
from include.settings import settings

RATE = 50
BATCH = 60_000
ROUNDS = 2


def bodies(
    leads: pd.DataFrame, contract: Contract, single: bool
) -> list[bytes]:
    """300 leads as JSON requests of one lead each: the object alone, or in a list as the plain app takes it."""
    features = [column.field for column in contract.features(KnownAt.CONTACT)]
    rows = json.loads(
        leads[features].sample(300, random_state=0).to_json(orient="records")
    )
    return [json.dumps(row if single else [row]).encode() for row in rows]


def batch_speed(scorer: Scorer, leads: pd.DataFrame, reasons: int) -> float:
    """Leads scored per second, in chunks as the batch does."""
    scorer.score(leads.head(CHUNK), reasons)
    started = time.perf_counter()
    for start in range(0, len(leads), CHUNK):
        scorer.score(leads.iloc[start : start + CHUNK], reasons)
    return len(leads) / (time.perf_counter() - started)


def spark_seconds() -> float:
    """Of a million leads on Spark; another process, because it needs an AWS and a registry that are not this one's."""
    command = [sys.executable, "-m", "bench.spark_scoring", "--json"]
    said = subprocess.run(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return float(json.loads(said.splitlines()[-1])["spark_1m_seconds"])


def servers(folder: Path, contract: Contract) -> dict[str, tuple[Process, int]]:
    """The API, `mlflow models serve` and the plain app, each with its port, over the champion of the contact stage."""
    champion, saved = (
        f"models:/{contract.model_name()}@champion",
        str(folder / f"{KnownAt.CONTACT}.joblib"),
    )
    mlflow, flask = free_port(), free_port()
    serve = [
        "mlflow",
        "models",
        "serve",
        "--model-uri",
        champion,
        "--env-manager",
        "local",
        "--port",
        str(mlflow),
    ]
    uvicorn = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    }  # MLflow calls it by its name
    return {
        "api": api(folder),
        "mlflow": (_process(serve, mlflow, "/ping", folder, uvicorn), mlflow),
        "flask": (
            _process(
                ["bench._plain_flask", saved, str(flask)],
                flask,
                "/",
                folder,
                {},
            ),
            flask,
        ),
    }


def _process(
    command: list[str],
    port: int,
    health: str,
    folder: Path,
    environment: dict[str, str],
) -> Process:
    address = f"http://127.0.0.1:{port}{health}"
    return Process(
        [sys.executable, "-m", *command],
        address,
        folder / f"{port}.log",
        environment,
    )


def measured(
    ports: Mapping[str, int], asks: Mapping[str, Ask], seconds: float
) -> dict[str, float]:
    """Latency of the API, and requests per second of all three servers in turn."""
    for name, ask in asks.items():
        throughput(ports[name], ask, 2)
    waited = latencies_ms(ports["api"], asks["api"], RATE, 2 * seconds)
    answered = dict.fromkeys(asks, 0.0)
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            answered[name] += throughput(ports[name], ask, seconds) / ROUNDS
    return {
        "p50_ms": round(float(np.percentile(waited, 50)), 1),
        "p99_ms": round(float(np.percentile(waited, 99)), 1),
        "throughput": round(answered["api"], 1),
        "throughput_vs_mlflow": round(answered["api"] / answered["mlflow"], 2),
        "throughput_vs_flask": round(answered["api"] / answered["flask"], 2),
    }


def served(
    folder: Path, leads: pd.DataFrame, contract: Contract, seconds: float
) -> dict[str, float]:
    """What `measured` finds, with the servers started for it and stopped again."""
    alone, rows = bodies(leads, contract, True), bodies(leads, contract, False)
    records = [b'{"dataframe_records": ' + body + b"}" for body in rows]
    asked = {
        "api": ("/predict", alone),
        "mlflow": ("/invocations", records),
        "flask": ("/predict", rows),
    }
    started = servers(folder, contract)
    try:
        for process, _ in started.values():
            process.start()
        ports = {name: port for name, (_, port) in started.items()}
        return measured(
            ports,
            {name: asking(*what) for name, what in asked.items()},
            seconds,
        )
    finally:
        for process, _ in started.values():
            process.stop()


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_leads_argument(parser)
    parser.add_argument("--family", default="lightgbm", help="of the champions")
    parser.add_argument(
        "--seconds", type=float, default=10, help="of each measurement"
    )
    parser.add_argument(
        "--without-spark",
        action="store_true",
        help="leave spark_1m_seconds out",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object on the last line"
    )
    arguments = parser.parse_args()
    contract = load_contract(settings().contract)
    leads = read_leads(arguments.leads, contract)
    with tempfile.TemporaryDirectory() as temporary, lake(Path(temporary)):
        folder = Path(temporary)
        server = registry(folder)
        try:
            server.start()
            crown(leads, contract, arguments.family, folder)
            result = served(folder, leads, contract, arguments.seconds)
            scorer = load_champions(settings(), contract).scorers[
                KnownAt.CONTACT
            ]
        finally:
            server.stop()
    many = pd.concat([leads] * (BATCH // len(leads) + 1), ignore_index=True)
    result["batch_leads_per_s"] = round(batch_speed(scorer, many, 0))
    result["batch_with_reasons_per_s"] = round(batch_speed(scorer, many, 3))
    if not arguments.without_spark:
        result["spark_1m_seconds"] = spark_seconds()
    show(
        f"Scoring, {arguments.family}, {os.cpu_count()} cores",
        ("figure", "value"),
        list(result.items()),
    )
    last_line(result, arguments.json)


if __name__ == "__main__":
    main()
