"""Put the leads of a folder of several sources together on this machine, with the code of the ingestion job."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from include.asof.in_duckdb import compute_features, count_rate
from include.contract import Contract
from include.glue.loading.writing import Target
from include.glue.sources import load_sources
from include.unify.published import PART
from onboarding.errors import UnreadableFileError

LOAD_ID = "check"


@dataclass(frozen=True)
class SourceLeads:
    """Leads of a folder of several sources.

    Attributes:
        frame: one row for each lead, as the table of leads would hold it: each column as of the moment of its stage,
            and `source_changed_at`, the moment of the load.
        metrics: of the load.
    """

    frame: pd.DataFrame
    metrics: dict[str, Any]


def load_folder(contract: Contract, path: Path) -> SourceLeads:
    """Return what a load of the folder gives; DuckDB computes what Spark does in the job.

    Args:
        contract: with sources.
        path: of the folder that holds the sources' prefixes.

    Raises:
        JobFailedError: the load fails; the message says why.
        UnreadableFileError: there is no such folder.
    """
    if not path.is_dir():
        prefixes = [source["prefix"] for source in contract.unify["sources"]]
        raise UnreadableFileError(
            f"{path} is no folder: the contract has sources, so CSV names the folder that holds {', '.join(prefixes)}"
        )
    with TemporaryDirectory() as folder:
        work = Path(folder)
        output = work / "output"
        target = Target(
            LOAD_ID, output.as_uri(), (work / "quarantine").as_uri()
        )
        metrics = load_sources(
            contract.model_dump_json(),
            path.resolve().as_uri(),
            target,
            (work / "rates.json.gz").as_uri(),
            compute_features,
            count_rate,
        )
        frame = pd.read_parquet(output / PART)
    return SourceLeads(frame, {"load_id": LOAD_ID, **metrics})
