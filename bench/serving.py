"""How fast leads are scored: the API against `mlflow models serve` and a plain Flask app, and the batch scorer.

`python -m bench.serving --leads Leads.csv --json`: one champion per stage in a real registry, behind three servers,
asked in turn for single leads. p50_ms and p99_ms are the API's with reasons at 50 requests a second, from when a
request was due; throughput is what four clients get answered that ask again at once. The others give no reasons.
batch_* are leads per second in one process on all cores, with the champion of the contact stage.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from bench._champions import crown, free_port, registry, running
from bench._load import asking, latencies_ms, throughput
from bench._table import last_line, show
from bench._training import add_leads_argument, read_leads
from include.contract import Contract, KnownAt, load_contract
from include.serving.batch import CHUNK
from include.serving.scorer import Scorer
from include.serving.stages import load_champions
from include.settings import settings

RATE = 50
BATCH = 60_000
ROUNDS = 2


def bodies(leads: pd.DataFrame, contract: Contract, single: bool) -> list[bytes]:
    """300 leads as JSON requests of one lead each: the object alone, or in a list as the plain app takes it."""
    features = [column.field for column in contract.features(KnownAt.CONTACT)]
    rows = json.loads(leads[features].sample(300, random_state=0).to_json(orient="records"))
    return [json.dumps(row if single else [row]).encode() for row in rows]


def batch_speed(scorer: Scorer, leads: pd.DataFrame, reasons: int) -> float:
    """Leads scored per second, in chunks as the batch does."""
    scorer.score(leads.head(CHUNK), reasons)
    started = time.perf_counter()
    for start in range(0, len(leads), CHUNK):
        scorer.score(leads.iloc[start : start + CHUNK], reasons)
    return len(leads) / (time.perf_counter() - started)


def served(folder: Path, leads: pd.DataFrame, contract: Contract, seconds: float) -> dict[str, float]:
    """Latency of the API and requests per second of all three servers."""
    ports = {name: free_port() for name in ("api", "mlflow", "flask")}
    model, ours, rows = contract.model_name(), bodies(leads, contract, True), bodies(leads, contract, False)
    wrapped = [b'{"dataframe_records": ' + body + b"}" for body in rows]
    asks = {
        "api": asking("/predict", ours),
        "mlflow": asking("/invocations", wrapped),
        "flask": asking("/predict", rows),
    }
    serve = ["-m", "mlflow", "models", "serve", "--model-uri", f"models:/{model}@champion", "--env-manager", "local"]
    plain = ["-m", "bench._plain_flask", str(folder / f"{KnownAt.CONTACT}.joblib"), str(ports["flask"])]
    address = "http://127.0.0.1:{}".format
    with (
        running(
            ["-m", "include.serving", "--port", str(ports["api"])], address(ports["api"]) + "/readyz", folder / "a"
        ),
        running([*serve, "--port", str(ports["mlflow"])], address(ports["mlflow"]) + "/ping", folder / "m"),
        running(plain, address(ports["flask"]) + "/static/", folder / "f"),
    ):
        for name, ask in asks.items():
            throughput(ports[name], ask, 2)
        waited = latencies_ms(ports["api"], asks["api"], RATE, 2 * seconds)
        answered = {name: 0.0 for name in asks}
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


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_leads_argument(parser)
    parser.add_argument("--family", default="lightgbm", help="of the champions")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    contract = load_contract(settings().contract)
    leads = read_leads(arguments.leads, contract)
    with tempfile.TemporaryDirectory() as temporary, registry(Path(temporary)):
        crown(leads, contract, arguments.family, Path(temporary))
        result = served(Path(temporary), leads, contract, arguments.seconds)
        scorer = load_champions().scorers[KnownAt.CONTACT]
    many = pd.concat([leads] * (BATCH // len(leads) + 1), ignore_index=True)
    result["batch_leads_per_s"] = round(batch_speed(scorer, many, 0))
    result["batch_with_reasons_per_s"] = round(batch_speed(scorer, many, 3))
    show(f"Scoring, {arguments.family}, {os.cpu_count()} cores", ("figure", "value"), list(result.items()))
    last_line(result, arguments.json)


if __name__ == "__main__":
    main()
