"""### Ingest leads

Raw CSV files in S3 become rows of the leads table, once each, however often the run is repeated.

1. `wait_for_files` waits for a `.csv` or `.csv.gz` below the folder (by default yesterday's: `raw-data/dt=YYYY-MM-DD`).
2. `crawl` catalogues the raw files, `type_and_quarantine` (Glue, Spark) types them by the contract.
3. `quality_gate` stops the run if columns are missing, nothing was loaded, a file cannot be read, too many rows were
   quarantined, or keys are damaged or shared by many leads. It names what was not read (docs/files.md).
   Of leads from several sources that of the leads decides; an alert names the others where they are missing, late or
   refused by their own gates, and the load goes on without them (docs/features-as-of.md). The scoring API reads the
   features of a good load from then on (docs/api.md).
4. `merge_leads` copies them into staging and merges them into the table of leads; the asset `leads` is updated.

Re-run: safe, in any order. Every path carries the run, and the merge goes by key: a row that is older than what the
table has changes nothing, except that its outcome is kept where no newer row has one. Run `bootstrap_platform` once
before.
"""  # noqa: D415 - a Markdown heading

from copy import deepcopy
from datetime import timedelta

from airflow.sdk import DAG, Param, chain

from lifecycle.contracts import asset, contracts
from lifecycle.crawler import crawl
from lifecycle.defaults import dag_defaults
from lifecycle.ingestion import (
    LONGEST_WAIT,
    merge_leads,
    quality_gate,
    type_and_quarantine,
    wait_for_files,
)
from lifecycle.names import RUN

PARAMS = {
    "prefix": Param(
        None,
        type=["null", "string"],
        description="S3 folder of CSV files: a key in the bucket (raw-data/2026-w07/) or a whole s3:// URI. "
        "Empty: the folder of the day before the run.",
    ),
    "sensor_timeout": Param(
        60 * 60,
        type="integer",
        minimum=1,
        maximum=LONGEST_WAIT,
        description="Seconds to wait for the first CSV file before the run fails and says where it looked.",
    ),
}


for contract in contracts():
    with DAG(
        schedule="17 1 * * *",
        catchup=False,
        doc_md=__doc__,
        params=deepcopy(PARAMS),
        **dag_defaults(
            "ingest_leads",
            contract,
            tags=["ingestion"],
            dagrun_timeout=timedelta(hours=16),
        ),
    ):
        chain(
            wait_for_files(),
            crawl(),
            type_and_quarantine(),
            quality_gate(RUN),
            merge_leads(asset("leads", contract)),
        )
