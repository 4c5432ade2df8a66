"""Ask the scoring API for single leads with their events at a fixed rate, as a backend of the story's company does.

The API is a process of its own with LightGBM champions of the contract `demo/story/b2b_crm.yaml`, and knows the counts
of rates that a run over the same story published. No registry and no AWS take part.
"""

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow.sklearn
import numpy as np
import pandas as pd
import pyarrow as pa

from bench._load import asking, latencies_ms
from bench._services import DECISION, Process, free_port
from bench.unify import STORY, source_tables
from include.asof.in_duckdb import compute_features, count_rate
from include.contract import Contract, KnownAt, load_contract
from include.features.calibration import Calibration
from include.registry.registry import ChampionInfo
from include.scoring.model_folder import write_index
from include.training.pipeline import build_pipeline, deployable
from include.unify.one_lead import moment_text
from include.unify.published import PACKED, Published, pack
from include.unify.unify import Unified, unify

EVENTS = 40
"""Of each request, the lead's own row aside."""
PER_SECOND = 20
SECONDS = 60
WARM_UP_SECONDS = 5
LEADS = 3_000
REQUESTS = 300
STAGES = (KnownAt.CONTACT, KnownAt.CAPTURE)


def predict_events(seed: int, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the milliseconds of requests with 40 events, from the moment each was due.

    Args:
        seed: of the requests.
        seconds: of the measurement.
    """
    contract = load_contract(str(STORY))
    tables = source_tables(contract, LEADS)
    unified = unify(contract, tables, compute_features, count_rate=count_rate)
    bodies = requests(tables, unified.as_of, seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_champions(folder / "model", contract, unified)
        service, port = served(folder)
        try:
            service.start()
            ask = asking("/predict", bodies)
            latencies_ms(port, ask, PER_SECOND, WARM_UP_SECONDS)
            before = service.processor_seconds()
            waits = latencies_ms(port, ask, PER_SECOND, seconds)
            worked = service.processor_seconds() - before
            memory = service.memory_mb()
        finally:
            service.stop()
    p50, p99 = np.percentile(waits, [50, 99])
    return {
        "predict_events_p50_ms": round(float(p50), 1),
        "predict_events_p99_ms": round(float(p99), 1),
        "predict_events_processor_ms": round(worked / len(waits) * 1e3, 1),
        "predict_events_requests": len(waits),
        "predict_events_api_mb": round(memory),
    }


def requests(
    tables: dict[str, pa.Table], moment: int, seed: int
) -> list[bytes]:
    """Return requests for leads of the CRM, each with as many rows of the event sources, whose moments are the lead's.

    Rows are drawn from those of all leads: what a feature is computed from is as it is in the story, and how many there
    are is the same in each request.
    """
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for source in ("interactions", "mail", "ads"):
        table = tables[source].drop_columns(["source_changed_at"])
        for row in table.slice(0, 20 * REQUESTS).to_pylist():
            rows.append({"source": source} | row)
    people = tables["crm"].drop_columns(["source_changed_at"]).to_pylist()
    as_of = moment_text(moment)
    bodies = []
    for place in random.choice(len(people), REQUESTS, replace=False):
        lead = people[place]
        chosen = random.choice(len(rows), EVENTS, replace=False)
        events = [_since(lead, rows[number], random) for number in chosen]
        request = {"lead": lead, "events": events, "as_of": as_of}
        bodies.append(json.dumps(request, default=_written).encode())
    return bodies


def _since(
    lead: dict[str, Any], row: dict[str, Any], random: np.random.Generator
) -> dict[str, Any]:
    """Return a row that occurred within a month after the lead's creation and arrived at once."""
    hours = float(random.exponential(150))
    moment = lead["created_at"] + pd.Timedelta(hours=hours)
    return row | {"occurred_at": moment, "arrived_at": moment}


def _written(value: Any) -> str:
    """Return a moment in UTC as a backend writes it."""
    return f"{value.isoformat()}Z"


def write_champions(folder: Path, contract: Contract, unified: Unified) -> None:
    """Fill a model folder with a champion of each stage and what the run published."""
    leads = unified.leads.to_pandas()
    closed = leads[leads[contract.label].notna()]
    champions = {}
    for stage in STAGES:
        pipeline = build_pipeline(
            contract.decisions, contract, "lightgbm", stage
        )
        fitted = pipeline.fit(closed, closed[contract.label].astype(int))
        mlflow.sklearn.save_model(
            deployable(fitted, Calibration(), DECISION),
            str(folder / stage),
            serialization_format="cloudpickle",
            pip_requirements=[],
        )
        champions[stage] = ChampionInfo(
            contract.model_name(stage), "1", "bench", {}, datetime.now(UTC)
        )
    write_index(folder, champions)
    published = Published("bench", unified.as_of, unified.rates)
    (folder / PACKED).write_bytes(pack(published))


def served(folder: Path) -> tuple[Process, int]:
    """Return the scoring API on a model folder, and its port; neither keys nor rates limit it."""
    port = free_port()
    environment = {
        "LEADS_CONTRACT": str(STORY),
        "LEADS_API_MODEL_FOLDER": str(folder / "model"),
        "LEADS_API_AUTH": "off",
        "LEADS_API_REQUESTS_PER_SECOND": "0",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "include.api", "--port", str(port)]
    health = f"http://127.0.0.1:{port}/readyz"
    return Process(command, health, folder / "api.log", environment), port
