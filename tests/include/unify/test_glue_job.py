"""The ingestion job over the story's files: sources typed, leads put together, metrics that the quality gate reads."""

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from demo.story.files import Layout, write_story
from demo.story.story import SOURCES, make_world
from include.asof.in_duckdb import compute_features, count_rate
from include.contract import load_contract, parse_contract
from include.contract.derived.ddl import staging_columns
from include.glue import s3_to_redshift as job
from include.glue.arguments import parse_arguments
from include.glue.errors import JobFailedError
from include.glue.job_contract import has_sources
from include.glue.loading.writing import Target
from include.glue.sources import load_sources
from include.lake.errors import LoadRejectedError
from include.lake.quality import check_load
from include.unify.published import MERGED_PART, PART, unpack
from tests.include.contract.format.test_unification import STORY
from tests.include.glue.conftest import (  # noqa: F401 - fixtures
    spark,
    spark_environment,
)

LEADS = 60
PUBLISHED = "load=l-published/rates.json.gz"


@pytest.fixture(scope="module")
def contract():
    return load_contract(str(STORY))


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("story")
    write_story(make_world(LEADS, seed=4), folder, Layout("csv", "month"))
    for source in SOURCES:
        _join_files(folder / "raw-data" / source, folder / "joined" / source)
    return folder / "joined"


def _join_files(months, joined):
    """Write the files of all months as one: a load of few files costs less."""
    texts = [path.read_text() for path in sorted(months.glob("*/*.csv"))]
    rows = [text.partition("\n")[2] for text in texts]
    header = texts[0].partition("\n")[0]
    joined.mkdir(parents=True)
    (joined / "all.csv").write_text(f"{header}\n{''.join(rows)}")


def loaded(raw, contract, folder, read_at=None):
    """Return the metrics and the leads of a load that DuckDB computes."""
    target = Target("l", f"file://{folder}/load=l/", f"file://{folder}/q/")
    text = contract.model_dump_json()
    counts = load_sources(
        text,
        f"file://{raw}/",
        target,
        f"file://{folder}/{PUBLISHED}",
        compute_features,
        count_rate,
        read_at,
    )
    return counts, pq.read_table(folder / "load=l" / PART, partitioning=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("load")


@pytest.fixture(scope="module")
def load(raw, contract, folder):
    return loaded(raw, contract, folder)


def test_a_load_is_one_row_for_each_lead_as_the_staging_table_has_them(
    load, contract
):
    counts, leads = load
    assert leads.column_names == [name for name, _ in staging_columns(contract)]
    assert counts["leads"] == leads.num_rows
    assert len(set(leads["lead_id"].to_pylist())) == leads.num_rows
    assert LEADS - 5 <= leads.num_rows <= LEADS
    assert set(leads["converted"].to_pylist()) == {0, 1, None}
    assert set(leads["approved"].to_pylist()) == {0, 1, None}


def test_the_keys_of_merged_leads_lie_beside_the_leads(load, folder, contract):
    counts, leads = load
    merged = pq.read_table(folder / "load=l" / MERGED_PART, partitioning=None)
    assert merged.column_names == leads.column_names
    assert merged.num_rows == counts["unify"]["merged_keys"] > 0
    assert set(merged["lead_merged_into"].to_pylist()) <= set(
        leads["lead_id"].to_pylist()
    )
    assert not set(merged["lead_id"].to_pylist()) & set(
        leads["lead_id"].to_pylist()
    )


def test_the_quality_gate_reads_the_metrics_of_all_sources(load, contract):
    counts, _ = load
    report = check_load({"load_id": "l", **counts}, contract.decisions)
    assert report["loaded_rows"] == report["input_rows"]
    converted, approved = report["outcomes"].values()
    assert approved["known"] <= converted["happened"] < converted["known"]
    assert 0 < approved["happened"] < approved["known"]
    assert set(counts["sources"]) == {
        "crm",
        "interactions",
        "mail",
        "ads",
        "applications",
    }
    assert counts["files"][0]["source_file"].startswith("crm/leads/")
    assert json.loads(json.dumps(counts)) == counts


def test_a_source_without_files_is_named_and_the_others_go_on(
    raw, contract, tmp_path, caplog
):
    raw_copy = tmp_path / "raw"
    raw_copy.mkdir()
    for folder in ("crm", "applications"):
        (raw_copy / folder).symlink_to(raw / folder)
    counts, leads = loaded(raw_copy, contract, tmp_path)
    problems = [
        (entry["source"], entry["problem"])
        for entry in counts["source_problems"]
    ]
    assert [name for name, problem in problems if problem == "missing"] == [
        "mail",
        "ads",
    ]
    assert leads["opens_and_clicks_first_week"].null_count == leads.num_rows
    assert leads["touches_first_week"].null_count == 0
    check_load({"load_id": "l", **counts}, contract.decisions)
    assert (
        "source mail is missing: it has no row below marketing/email/"
        in caplog.text
    )


@pytest.fixture
def broken(raw, tmp_path):
    """Let a test change the text of one source; returns the folder of all sources."""

    def change(source, function):
        copy = tmp_path / "raw"
        for name in SOURCES:
            folder = copy / name
            folder.mkdir(parents=True)
            text = (raw / name / "all.csv").read_text()
            if name == source:
                text = function(text)
            (folder / "all.csv").write_text(text)
        return copy

    return change


def _without_heading(text):
    return text.replace("kind", "type", 1)


def _with_wrong_dates(text):
    header, _, rows = text.partition("\n")
    return f"{header}\n{rows.replace('-', '/')}"


def _with_unknown_people(text):
    return text.replace("@", "@elsewhere-")


def _without_rows(text):
    return text.partition("\n")[0] + "\n"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (_without_heading, "missing columns kind"),
        (_with_wrong_dates, "rows quarantined, 5.0% allowed"),
        (_with_unknown_people, "belong to nobody, 90.0% allowed"),
        (_without_rows, "no row was loaded"),
        (lambda text: "PK\x00", "header cannot be read"),
    ],
)
def test_a_source_that_fails_its_gate_is_left_out_and_named(
    broken, contract, tmp_path, fault, reason
):
    counts, leads = loaded(broken("marketing/email", fault), contract, tmp_path)
    (problem,) = [
        entry
        for entry in counts["source_problems"]
        if (entry["source"], entry["problem"]) == ("mail", "refused")
    ]
    assert reason in problem["reason"]
    assert leads["opens_and_clicks_first_week"].null_count == leads.num_rows
    assert leads["touches_first_week"].null_count == 0
    report = check_load({"load_id": "l", **counts}, contract.decisions)
    assert problem in report["source_problems"]


@pytest.mark.parametrize("fault", [_with_wrong_dates, _without_rows])
def test_leads_that_fail_their_gate_stop_the_load(
    broken, contract, tmp_path, fault
):
    raw = broken("crm/leads", fault)
    with pytest.raises(JobFailedError, match="source crm has no rows"):
        loaded(raw, contract, tmp_path)


def test_a_few_broken_leads_are_judged_by_their_own_number(
    broken, contract, tmp_path
):
    def break_a_tenth(text):
        header, *rows = text.splitlines()
        rows[::10] = [row.replace("-", "/") for row in rows[::10]]
        return "\n".join([header, *rows])

    counts, _ = loaded(broken("crm/leads", break_a_tenth), contract, tmp_path)
    with pytest.raises(LoadRejectedError, match="rows quarantined, 5.0%"):
        check_load({"load_id": "l", **counts}, contract.decisions)


def test_each_source_has_limits_of_its_own(raw, tmp_path):
    story = yaml.safe_load(STORY.read_text())
    crm, _, _, ads, _ = story["sources"]
    crm["gate"] = {"min_rows": 100_000}
    crm["expected_every"] = "1 day"
    ads["gate"] = {"max_unmatched_share": 0.1}
    contract = parse_contract(story, "story")
    read_at = datetime.now(UTC) + timedelta(days=2)
    counts, _ = loaded(raw, contract, tmp_path, read_at)
    reasons = {
        (entry["source"], entry["problem"]): entry["reason"]
        for entry in counts["source_problems"]
    }
    assert "100000 expected" in reasons["crm", "refused"]
    assert "a file is expected every 24.0 hours" in reasons["crm", "late"]
    assert "10.0% allowed" in reasons["ads", "refused"]
    with pytest.raises(LoadRejectedError, match="source crm: .* expected"):
        check_load({"load_id": "l", **counts}, contract.decisions)


def test_the_counts_of_rates_are_packed_beside_the_leads(load, folder):
    counts, _ = load
    published = unpack((folder / PUBLISHED).read_bytes())
    assert published.as_of == counts["unify"]["as_of"]
    assert published.load_id == "l"
    (row,) = published.rates["industry_rate"].rows(published.as_of, [])
    assert 0 < row[3] < row[2] <= LEADS


def test_without_files_of_leads_the_load_fails(contract, tmp_path):
    (tmp_path / "raw").mkdir()
    with pytest.raises(JobFailedError, match="crm/leads"):
        loaded(tmp_path / "raw", contract, tmp_path)


def test_the_job_knows_a_contract_of_several_sources(contract):
    assert has_sources(contract.model_dump_json())
    assert not has_sources(load_contract("x_education").model_dump_json())
    assert not has_sources("no json")


@pytest.mark.slow
def test_the_job_gives_in_spark_what_duckdb_gives(
    raw,
    contract,
    load,
    tmp_path,
    spark,  # noqa: F811
):
    (tmp_path / "contract.json").write_text(contract.model_dump_json())
    arguments = [
        f"--SOURCE_URI=file://{raw}/",
        f"--CONTRACT_URI=file://{tmp_path}/contract.json",
        "--LOAD_ID=l",
        f"--OUTPUT_URI=file://{tmp_path}/out/",
        f"--QUARANTINE_URI=file://{tmp_path}/quarantine/",
        f"--METRICS_URI=file://{tmp_path}/metrics.json",
        f"--PUBLISHED_URI=file://{tmp_path}/rates.json.gz",
    ]
    optional = (job.PUBLISHED_URI,)
    job.run(parse_arguments("", job.ARGUMENTS, arguments, optional))
    leads = pq.read_table(
        tmp_path / "out" / PART, partitioning=None
    ).to_pandas()
    rates = unpack((tmp_path / "rates.json.gz").read_bytes())
    assert rates.rates["industry_rate"].rows(rates.as_of, [])[0][2] > 0
    _, expected = load
    pd.testing.assert_frame_equal(
        leads, expected.to_pandas(), rtol=0, atol=1e-9
    )


def test_a_load_that_is_not_told_where_the_counts_go_fails_before_it_reads(
    contract, raw, tmp_path
):
    (tmp_path / "contract.json").write_text(contract.model_dump_json())
    arguments = [
        f"--SOURCE_URI=file://{raw}/",
        f"--CONTRACT_URI=file://{tmp_path}/contract.json",
        "--LOAD_ID=l",
        f"--OUTPUT_URI=file://{tmp_path}/out/",
        f"--QUARANTINE_URI=file://{tmp_path}/quarantine/",
        f"--METRICS_URI=file://{tmp_path}/metrics.json",
    ]
    optional = (job.PUBLISHED_URI,)
    with pytest.raises(JobFailedError, match="--PUBLISHED_URI"):
        job.run(parse_arguments("", job.ARGUMENTS, arguments, optional))
    assert not (tmp_path / "out").exists()
