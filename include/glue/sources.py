"""Types the files of several sources, and puts their leads together into the Parquet that COPY reads.

Each source's files are read whole, as those of one source are; its typed rows lie beside the load's output, in the
folder `<output>-sources/`, until the leads are written. A source that does not pass its gate is left out and named; the
others go on. Features are computed by Spark.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.asof.inputs import Inputs, typed_inputs
from include.contract import Contract, parse_contract
from include.contract.derived.ddl import (
    MERGED_INTO,
    staging_columns,
    withdrawn_column,
)
from include.contract.format.features import Features, HistoricalRate
from include.glue.errors import JobFailedError
from include.glue.job_contract import parse_contract as parse_job_contract
from include.glue.loading.metrics import summarise
from include.glue.loading.run import run_load
from include.glue.loading.workers import spark_context
from include.glue.loading.writing import Target
from include.glue.objects import (
    delete_below,
    write_bytes,
)
from include.glue.storage import list_csv_objects
from include.glue.typed_rows import TypedRows
from include.unify.errors import UnifyError
from include.unify.gates import (
    EPOCH,
    SourceProblem,
    late_files,
    refused_rows,
)
from include.unify.leads import Compute, CountRate
from include.unify.plan import LEADS, Plan, SourcePlan, plan_of
from include.unify.published import MERGED_PART, PART, Published, pack
from include.unify.rows import arrow_type, moment_columns
from include.unify.unify import Unified, unify

COUNTS = (
    "input_rows",
    "loaded_rows",
    "quarantined_rows",
    "duplicate_rows",
    "blank_rows",
    "superseded_rows",
    "footer_rows",
    "unread_object_count",
)
LISTS = ("files", "skipped_lines", "unread_objects", "examples")
COLUMNS = ("missing_columns", "extra_columns")
BY_FIELD = ("null_tokens", "unknown_levels")
PATHS = ("source_file", "path")


def load_sources(
    text: str,
    source_uri: str,
    target: Target,
    published_uri: str,
    compute: Compute | None = None,
    count_rate: CountRate | None = None,
    read_at: datetime | None = None,
) -> dict[str, Any]:
    """Load the sources of a contract, over what an earlier try left. Returns the counts of all of them together.

    Args:
        text: the contract as JSON.
        source_uri: folder below which the sources' prefixes lie.
        target: of the load.
        published_uri: object for the counts that the scoring API reads.
        compute: computes features; by default Spark does.
        count_rate: counts the outcomes of rates; by default Spark does.
        read_at: when the files are read; by default now, since the folders are read as they are now, also by the
            repetition of an old run.

    Raises:
        JobFailedError: there is no file of leads, or leads cannot be put together; the message says why.
    """
    contract = parse_contract(json.loads(text), "the contract")
    plan = plan_of(contract)
    work_uri = f"{target.output_uri.rstrip('/')}-sources/"
    delete_below(work_uri)
    folders: dict[str, str] = {}
    metrics: dict[str, dict[str, Any]] = {}
    refused: dict[str, SourceProblem] = {}
    late: list[SourceProblem] = []
    moment = _microseconds(read_at or datetime.now(UTC))
    for name, source in plan.sources.items():
        folder = f"{source_uri.rstrip('/')}/{source.prefix}"
        typed_uri = f"{work_uri}{name}/"
        quarantine_uri = f"{target.quarantine_uri.rstrip('/')}/{name}/"
        source_target = Target(target.load_id, typed_uri, quarantine_uri)
        loaded = _load_source(source, folder, source_target)
        if loaded is None:
            continue
        metrics[name] = loaded.counts
        late_problem = late_files(source, loaded.newest_file, moment)
        if late_problem is not None:
            late.append(late_problem)
        allowed_share = contract.decisions.max_quarantined_share
        problem = refused_rows(source, loaded.counts, allowed_share)
        if problem is not None:
            refused[name] = problem
        if problem is None or source.role == LEADS:
            folders[name] = typed_uri
    typed_rows = TypedRows(folders)
    if compute is None:
        compute = in_spark(work_uri)
    if count_rate is None:
        count_rate = count_in_spark(work_uri)
    try:
        unified = unify(
            contract,
            typed_rows,
            compute,
            processes=os.cpu_count() or 1,
            count_rate=count_rate,
            refused=refused,
            moments=moments_of(plan, typed_rows),
        )
    except UnifyError as error:
        raise JobFailedError(str(error)) from error
    delete_below(target.output_uri.rstrip("/") + "/")
    output = target.output_uri.rstrip("/")
    content = leads_parquet(contract, unified, plan.leads.prefix)
    write_bytes(f"{output}/{PART}", content)
    if unified.merged:
        content = merged_parquet(contract, unified, plan.leads.prefix)
        write_bytes(f"{output}/{MERGED_PART}", content)
    published = Published(target.load_id, unified.as_of, unified.rates)
    write_bytes(published_uri, pack(published))
    # Typed rows hold mail and phone numbers of everybody; what is stored of a lead stands in its row.
    delete_below(work_uri)
    prefixes = {name: plan.sources[name].prefix for name in metrics}
    leads = plan.leads.name
    return {
        **merge_metrics(metrics, prefixes),
        "leads": unified.leads.num_rows,
        "leads_source": leads,
        "of_leads": merge_metrics({leads: metrics[leads]}, prefixes),
        "source_problems": [
            asdict(problem) for problem in (*unified.problems, *late)
        ],
        "unify": unified.report,
    }


def moments_of(plan: Plan, typed_rows: TypedRows) -> TypedRows:
    """Return typed rows with the columns of their moments only."""
    return typed_rows.of_columns(
        {name: moment_columns(source) for name, source in plan.sources.items()}
    )


def _microseconds(moment: datetime) -> int:
    """Return a moment in whole microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class LoadedSource:
    """What the load of a source's files gave.

    Attributes:
        counts: as metrics have them.
        newest_file: when the newest of its files was written, in microseconds since 1970.
    """

    counts: dict[str, Any]
    newest_file: int


def _load_source(
    source: SourcePlan, folder: str, target: Target
) -> LoadedSource | None:
    """Type the files of one source; returns None where it has no file and is not that of the leads."""
    contract = parse_job_contract(json.dumps(source.contract))
    try:
        listing = list_csv_objects(folder, contract.files.endings)
    except JobFailedError:
        if source.role == LEADS:
            raise
        return None
    load = run_load(contract, listing.files, target)
    newest = max(file.changed for file in listing.files)
    return LoadedSource(summarise(load, listing, contract), newest * 1000)


def leads_parquet(
    contract: Contract, unified: Unified, source_file: str
) -> bytes:
    """Return the leads as COPY reads them: the contract's columns, the source, the run's moment, what was withdrawn."""
    leads = unified.leads
    columns = dict(zip(contract.fields, leads.columns, strict=True))
    for label in contract.labels:
        columns[withdrawn_column(contract, label)] = unified.withdrawn[label]
    return _as_staging(contract, columns, unified.as_of, source_file)


def merged_parquet(
    contract: Contract, unified: Unified, source_file: str
) -> bytes:
    """Return the keys that have become other leads, as COPY reads them: who published leads does not see them."""
    columns = {
        contract.key: pa.array(list(unified.merged), pa.string()),
        MERGED_INTO: pa.array(list(unified.merged.values()), pa.string()),
    }
    return _as_staging(contract, columns, unified.as_of, source_file)


def _as_staging(
    contract: Contract,
    columns: Mapping[str, Any],
    as_of: int,
    source_file: str,
) -> bytes:
    """Return Parquet with every column of the staging table in its order, those that are not there without values."""
    kinds = {
        column.field: arrow_type(column.type) for column in contract.columns
    }
    kinds |= {
        "source_file": pa.string(),
        "source_changed_at": pa.timestamp("us"),
        MERGED_INTO: kinds[contract.key],
    }
    for label in contract.labels:
        kinds[withdrawn_column(contract, label)] = pa.int32()
    rows = len(columns[contract.key])
    moment = pa.scalar(as_of, pa.timestamp("us"))
    columns = {
        **columns,
        "source_file": pa.repeat(source_file, rows),
        "source_changed_at": pa.repeat(moment, rows),
    }
    table = {}
    for name, _ in staging_columns(contract):
        values = columns.get(name)
        if values is None:
            table[name] = pa.nulls(rows, kinds[name])
        else:
            table[name] = pc.cast(values, kinds[name])
    content = BytesIO()
    pq.write_table(
        pa.table(table),
        content,
        store_schema=False,
        use_deprecated_int96_timestamps=True,  # as Spark writes moments
    )
    return content.getvalue()


def merge_metrics(
    metrics: Mapping[str, Mapping[str, Any]], prefixes: Mapping[str, str]
) -> dict[str, Any]:
    """Return the counts of several sources as those of one load; fields and files are named with their source.

    Args:
        metrics: source to what `summarise` returns.
        prefixes: source to its folder.
    """
    merged: dict[str, Any] = {name: 0 for name in COUNTS}
    merged |= {name: [] for name in (*LISTS, *COLUMNS, "repeated_keys")}
    merged |= {name: {} for name in BY_FIELD}
    reasons: Counter[str] = Counter()
    for source, counts in metrics.items():
        reasons.update(counts["reasons"])
        for name in COUNTS:
            merged[name] += counts[name]
        for name in COLUMNS:
            merged[name] += [
                f"{column} (of {source})" for column in counts[name]
            ]
        for name in LISTS:
            merged[name] += [
                _with_prefix(entry, prefixes[source]) for entry in counts[name]
            ]
        for name in BY_FIELD:
            merged[name] |= {
                f"{source}.{field}": values
                for field, values in counts[name].items()
            }
    return {
        **merged,
        "reasons": dict(reasons),
        # Each row has a key of its own, which no spreadsheet damages and no other row shares.
        "damaged_keys": None,
        "repeated_key_rows": [],
        "sources": {source: _short(counts) for source, counts in metrics.items()},
    }  # fmt: skip


def _with_prefix(entry: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return an entry whose file is named with the folder of its source."""
    with_prefix = dict(entry)
    for key in PATHS:
        if key in with_prefix:
            with_prefix[key] = f"{prefix}{with_prefix[key]}"
    return with_prefix


def _short(counts: Mapping[str, Any]) -> dict[str, int]:
    return {name: counts[name] for name in COUNTS}


def in_spark(work_uri: str) -> Compute:
    """Return what computes features in Spark, over Parquet below a folder that the driver and the executors reach."""
    from include.asof.in_spark import compute_in_spark

    def compute(features: Features, inputs: Inputs) -> pd.DataFrame:
        spark = _session()
        frames = _frames(
            spark, f"{work_uri}features-of-leads", features, inputs
        )
        computed: pd.DataFrame = compute_in_spark(
            spark, features, frames
        ).toPandas()
        return computed

    return compute


def count_in_spark(work_uri: str) -> CountRate:
    """Return what counts the outcomes of a rate in Spark, over Parquet below such a folder."""
    from include.asof.in_spark import count_rate_in_spark

    def count(feature: HistoricalRate, inputs: Inputs) -> pd.DataFrame:
        spark = _session()
        folder = f"{work_uri}counts-of-{feature.name}"
        frames = _frames(spark, folder, (feature,), inputs)
        counts: pd.DataFrame = count_rate_in_spark(
            spark, feature, frames
        ).toPandas()
        return counts

    return count


def _session() -> Any:
    """Return the job's Spark session, whose times are in UTC."""
    from pyspark.sql import SparkSession

    spark_context()
    spark = SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")
    return spark


def _frames(
    spark: Any, folder_uri: str, features: Features, inputs: Inputs
) -> Any:
    """Return the tables as data frames of Spark, which read them from below a folder."""
    from include.asof.in_spark import SparkInputs

    typed = typed_inputs(features, inputs)
    leads: Any = typed.leads
    stage = leads["stage"][0].as_py()

    def frame(name: str, table: Any) -> Any:
        content = BytesIO()
        # Keys and moments are too many for a dictionary to help.
        texts = [
            field.name
            for field in table.schema
            if pa.types.is_string(field.type)
        ]
        pq.write_table(table, content, use_dictionary=texts)
        uri = f"{folder_uri}/{stage}/{name}/part-00000.parquet"
        write_bytes(uri, content.getvalue())
        return spark.read.parquet(uri)

    return SparkInputs(
        leads=frame("leads", leads),
        events={
            name: frame(f"events-{name}", table)
            for name, table in typed.events.items()
        },
        outcomes={
            name: frame(f"outcomes-{name}", table)
            for name, table in typed.outcomes.items()
        },
    )
