"""The scorer inside a Spark executor: champions from the archive that the driver handed over, loaded once a process."""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd
from pyspark import SparkFiles

from include.serving.batch import scores_table
from include.serving.bundle import load_bundle, unpack
from include.serving.stages import StagedScorer


def score_chunks(
    chunks: Iterator[pd.DataFrame], archive: str, run_id: str, scored_at: datetime
) -> Iterator[pd.DataFrame]:
    """What `mapInPandas` calls for each task: leads in, rows of the scores table out.

    Args:
        chunks: contract fields as columns.
        archive: name of the bundle among the files that the driver added.
        run_id: written in each row.
        scored_at: written in each row, naive or in UTC.
    """
    scorer = champions(SparkFiles.get(archive))
    for leads in chunks:
        yield scores_table(scorer, leads, run_id, scored_at)


@lru_cache(maxsize=1)
def champions(archive: str) -> StagedScorer:
    """The champions of a bundle on this machine's disk."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(Path(archive), Path(folder))
        return load_bundle(Path(folder))
