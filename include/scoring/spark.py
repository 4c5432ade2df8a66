"""The scorer inside a Spark executor: champions from the archive that the driver handed over, loaded once a process."""

import json
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd
from pyspark import SparkFiles

from include.contract import KnownAt, parse_contract
from include.registry.model_files import check_files
from include.registry.models import load_folder
from include.scoring.batch import scores_table
from include.scoring.model_folder import outcome_folder, read_index
from include.scoring.scorer import Scorer, scorer_of
from include.scoring.stages import StagedScorer


def score_chunks(
    chunks: Iterator[pd.DataFrame],
    archive: str,
    contract: str,
    run_id: str,
    scored_at: datetime,
) -> Iterator[pd.DataFrame]:
    """Yield rows of the scores table for chunks of leads; `mapInPandas` calls it for each task.

    Args:
        chunks: contract fields as columns.
        archive: what `include.endpoint.bundle` packed, by its name among the files that the driver added.
        contract: the contract as JSON, as the outcome that is scored sees it.
        run_id: written in each row.
        scored_at: written in each row, naive or in UTC.
    """
    scorer = champions(SparkFiles.get(archive), contract)
    for leads in chunks:
        yield scores_table(scorer, leads, run_id, scored_at)


@lru_cache(maxsize=1)
def champions(archive: str, contract: str) -> StagedScorer:
    """Return the champions of a bundle on this machine's disk, those of the outcome of the contract.

    Raises:
        ChampionUnusableError: the archive was not packed by `include.endpoint.bundle`.
        ModelFilesChangedError: a model's files are not those that were registered.
    """
    lead_contract = parse_contract(json.loads(contract), "the job's contract")
    scorers: dict[KnownAt, Scorer] = {}
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(archive) as packed:
            packed.extractall(unpacked, filter="data")
        folder = outcome_folder(Path(unpacked), lead_contract)
        for stage, version in read_index(folder).items():
            check_files(version, folder / stage)
            pipeline = load_folder(folder / stage)
            scorers[stage] = scorer_of(lead_contract, stage, version, pipeline)
    return StagedScorer(lead_contract, scorers)
