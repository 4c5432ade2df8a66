"""Crawlers against plain boto3 calls."""

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from localaws.account import Account
from localaws.glue.exclusions import excludes

DATABASE = Account().glue_database


@pytest.fixture
def put(s3, bucket, prefix):
    def write(name: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=body)

    return write


def columns(glue, name: str) -> dict[str, str]:
    table = glue.get_table(DatabaseName=DATABASE, Name=name)["Table"]
    return {
        item["Name"]: item["Type"]
        for item in table["StorageDescriptor"]["Columns"]
    }


def table_of(prefix: str) -> str:
    return prefix.rsplit("/", 1)[1].replace("-", "_")


def test_csv_objects_become_a_table_named_after_their_folder(
    glue, put, crawl, prefix, bucket
):
    put(
        "dt=2026-01-01/a.csv",
        b'Id,Lead Name,Visits,Share,Note\n1,"a,b",2,0.5,\n',
    )
    put("dt=2026-01-02/b.csv", b"Id,Lead Name,Visits,Share,Note\n2,c,2.5,1,\n")
    crawler = crawl()
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED"
    name = table_of(prefix)
    assert columns(glue, name) == {
        "id": "bigint", "lead name": "string", "visits": "double", "share": "double", "note": "string",
    }  # fmt: skip
    table = glue.get_table(DatabaseName=DATABASE, Name=name)["Table"]
    assert table["StorageDescriptor"]["Location"] == f"s3://{bucket}/{prefix}/"
    assert table["Parameters"]["classification"] == "csv"
    assert table["Parameters"]["objectCount"] == "2"
    assert [key["Name"] for key in table["PartitionKeys"]] == ["dt"]
    crawl()  # again: known partitions stay
    found = glue.get_partitions(DatabaseName=DATABASE, TableName=name)
    assert {
        partition["Values"][0]: partition["StorageDescriptor"]["Location"]
        for partition in found["Partitions"]
    } == {
        day: f"s3://{bucket}/{prefix}/dt={day}/"
        for day in ("2026-01-01", "2026-01-02")
    }


def test_parquet_objects_keep_their_types(glue, put, crawl, prefix):
    buffer = io.BytesIO()
    pq.write_table(
        pa.table({"a": pa.array([1], pa.int32()), "b": ["x"], "c": [0.5]}),
        buffer,
    )
    put("part.parquet", buffer.getvalue())
    crawl()
    assert columns(glue, table_of(prefix)) == {
        "a": "int",
        "b": "string",
        "c": "double",
    }


def test_a_table_prefix_comes_first_and_a_second_crawl_updates_the_table(
    glue, put, crawl, prefix
):
    put("a.csv", b"a\n1\n")
    first = crawl(TablePrefix="leads_")
    put("b.csv", b"a,b\n1,x\n")
    again = crawl(TablePrefix="leads_")
    assert columns(glue, f"leads_{table_of(prefix)}") == {
        "a": "bigint",
        "b": "string",
    }
    made = glue.get_crawler_metrics(
        CrawlerNameList=[first["Name"], again["Name"]]
    )["CrawlerMetricsList"]
    assert [
        (item["TablesCreated"], item["TablesUpdated"]) for item in made
    ] == [(1, 0), (0, 1)]
    assert made[0]["LastRuntimeSeconds"] > 0


def test_the_last_folder_of_the_path_names_the_table_whatever_its_slash(
    glue, put, crawl, prefix, bucket
):
    put("in/a.csv", b"a\n1\n")
    crawl(f"s3://{bucket}/{prefix}/in/")
    assert columns(glue, "in") == {"a": "bigint"}


@pytest.mark.parametrize(
    "body",
    [
        b"a,b\n",
        "a,b\n1,é\n".encode("utf-16"),
        b"a,b\n\xff\xfe\x00broken,2\n",
        b"\xef\xbb\xbfa,b\n1,2\n",
    ],
)
def test_dirty_files_are_crawled_all_the_same(glue, put, crawl, prefix, body):
    put("empty.csv", b"")
    put("dirty.csv", body)
    assert crawl()["LastCrawl"]["Status"] == "SUCCEEDED"
    assert list(columns(glue, table_of(prefix))) == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [
        b'a,b\n1,2\n3,"' + b"x" * 140_000 + b"\n",
        b"a,b\n1,2\n3," + b"x" * 200_000 + b"\n",
        gzip.compress(b"a,b\n1,2\n")[:15] + b"damaged",
    ],
    ids=["an unclosed quote", "a cell of 200 kB", "damaged gzip"],
)
def test_an_object_that_cannot_be_read_is_named_and_fails_no_crawl(
    glue, put, crawl, prefix, client, body
):
    put("a.csv", b"a,b\n1,2\n")
    put("bad.csv", body)
    crawler = crawl()
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED"
    assert columns(glue, table_of(prefix)) == {"a": "bigint", "b": "bigint"}
    events = client("logs").get_log_events(
        logGroupName=crawler["LastCrawl"]["LogGroup"],
        logStreamName=crawler["LastCrawl"]["LogStream"],
    )["events"]
    assert [f"{prefix}/bad.csv" in event["message"] for event in events] == [
        True
    ]


@pytest.mark.parametrize(
    "header",
    [
        "\ufeff\ufeffa,b\n",
        "sep=,\r\na,b\r\n",
        'a, "b"\n',
        "a\u200b,\u00a0B\n",
    ],
)
def test_a_heading_in_the_catalog_has_nothing_that_nobody_sees(
    glue, put, crawl, prefix, header
):
    put("a.csv", header.encode() + b"1,2\n")
    crawl()
    assert columns(glue, table_of(prefix)) == {"a": "bigint", "b": "bigint"}


def test_an_object_packed_by_gzip_is_crawled_as_csv(glue, put, crawl, prefix):
    put("a.csv.gz", gzip.compress(b"a,b\n1,x\n"))
    crawl()
    assert columns(glue, table_of(prefix)) == {"a": "bigint", "b": "string"}


def test_a_path_without_objects_makes_no_table(glue, crawl, prefix):
    assert crawl()["LastCrawl"]["Status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        columns(glue, table_of(prefix))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "s3://no-such-bucket/x"}, "bucket does not exist"),
        ({"targets": {"JdbcTargets": [{"Path": "x"}]}}, "JdbcTargets"),
        ({"targets": {}}, "no target at all"),
    ],
)
def test_a_crawl_that_cannot_work_fails_with_the_reason(
    crawl, arguments, message
):
    last = crawl(**arguments)["LastCrawl"]
    assert last["Status"] == "FAILED"
    assert message in last["ErrorMessage"]


def test_a_running_crawler_cannot_be_started_or_changed(
    glue, s3, bucket, prefix
):
    for number in range(60):
        s3.put_object(
            Bucket=bucket,
            Key=f"{prefix}/{number}.csv",
            Body=b"a,b\n1,2\n" * 2000,
        )
    targets = {"S3Targets": [{"Path": f"s3://{bucket}/{prefix}"}]}
    name = f"slow-{table_of(prefix)}"
    glue.create_crawler(
        Name=name, Role="r", DatabaseName=DATABASE, Targets=targets
    )
    glue.start_crawler(Name=name)
    with pytest.raises(glue.exceptions.CrawlerRunningException):
        glue.start_crawler(Name=name)
    with pytest.raises(glue.exceptions.CrawlerRunningException):
        glue.update_crawler(Name=name, TablePrefix="x_")


def test_a_crawlers_definition_can_be_changed(glue, crawl, put):
    name = crawl()["Name"]
    glue.update_crawler(Name=name, TablePrefix="x_", Description="new")
    changed = glue.get_crawler(Name=name)["Crawler"]
    assert (
        changed["TablePrefix"],
        changed["Description"],
        changed["Version"],
    ) == ("x_", "new", 2)


def test_an_unknown_crawler_is_not_found(glue):
    for call in (glue.start_crawler, glue.update_crawler):
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            call(Name="nobody")


@pytest.mark.parametrize(
    ("body", "kind", "delimiter"),
    [
        (b"a,b\n1,x\n", "csv", ","),
        (b"a\tb\n1\tx, y\n", "csv", "\t"),
        (b"a|b\n1|x, y\n", "csv", "|"),
        (b"a;b\n1;x\n2;y\n", "csv", ";"),
        (b"sep=;\na;b\n1;x,y,z\n", "csv", ";"),
        (b'"a";"b"\n1;"x;y"\n', "csv", ";"),
        (b'{"a": 5000000000, "b": "x"}\n{"a": 1}\n', "json", None),
        (b'[{"A": 5000000000, "b": "x"}, {"b": null}]', "json", None),
        (
            gzip.compress(b'{"a": 5000000000, "b": "x"}\n', mtime=0),
            "json",
            None,
        ),
    ],
)
def test_a_format_is_recognised_by_its_content(
    glue, put, crawl, prefix, body, kind, delimiter
):
    put("data", body)
    assert crawl()["LastCrawl"]["Status"] == "SUCCEEDED"
    name = table_of(prefix)
    assert columns(glue, name) == {"a": "bigint", "b": "string"}
    table = glue.get_table(DatabaseName=DATABASE, Name=name)["Table"]
    assert table["Parameters"]["classification"] == kind
    assert table["Parameters"].get("delimiter") == delimiter


def test_fields_of_json_keep_their_structure(glue, put, crawl, prefix):
    put(
        "events.jsonl",
        b'{"id": 1, "ok": true, "tags": ["a"], "at": {"City": "x", "n": 1.5}}\n',
    )
    crawl()
    assert columns(glue, table_of(prefix)) == {
        "id": "int",
        "ok": "boolean",
        "tags": "array<string>",
        "at": "struct<city:string,n:double>",
    }


def test_json_that_is_broken_is_named_and_left_out(
    glue, put, crawl, prefix, client
):
    put("a.jsonl", b'{"a": 1}\n')
    put("b.jsonl", b'{"a": 1}\n{"a": \n')
    put("c.jsonl", b"[1, 2]")
    last = crawl()["LastCrawl"]
    assert last["Status"] == "SUCCEEDED"
    assert columns(glue, table_of(prefix)) == {"a": "int"}
    events = client("logs").get_log_events(
        logGroupName=last["LogGroup"], logStreamName=last["LogStream"]
    )["events"]
    assert [name in event["message"] for name, event in zip(
        ("b.jsonl could not", "c.jsonl could not"), events, strict=True
    )] == [True, True]  # fmt: skip


def test_folders_that_differ_are_tables_of_their_own(
    glue, put, crawl, prefix, bucket
):
    folder = prefix.rsplit("/", 1)[1]
    put(f"{folder}-leads/a.csv", b"id,visits,pages,channel\n1,2,3,x\n")
    put(f"{folder}-events/a.csv", b"id,kind,at\n1,open,2026-01-01\n")
    put(f"{folder}-clicks/a.jsonl", b'{"id": 1}\n')
    crawl()
    for name, count in (("leads", 4), ("events", 3), ("clicks", 1)):
        table = f"{table_of(prefix)}_{name}"
        assert len(columns(glue, table)) == count
        found = glue.get_table(DatabaseName=DATABASE, Name=table)["Table"]
        assert found["StorageDescriptor"]["Location"] == (
            f"s3://{bucket}/{prefix}/{folder}-{name}/"
        )


def test_two_targets_with_folders_of_one_name_are_two_tables(
    glue, put, crawl, prefix, bucket
):
    folder = prefix.rsplit("/", 1)[1]
    paths = [f"{system}/{folder}" for system in ("crm", "shop")]
    put(f"{paths[0]}/a.csv", b"id,visits\n1,2\n")
    put(f"{paths[1]}/a.csv", b"id,kind,at\n1,open,2026-01-01\n")
    targets = [{"Path": f"s3://{bucket}/{prefix}/{path}"} for path in paths]
    crawl(targets={"S3Targets": targets})
    name = table_of(prefix)
    assert len(columns(glue, name)) == 2
    tables = glue.get_tables(DatabaseName=DATABASE, Expression=f"{name}_*")
    (second,) = tables["TableList"]
    assert len(second["StorageDescriptor"]["Columns"]) == 3


def test_folders_that_are_alike_are_partitions_of_one_table(
    glue, put, crawl, prefix
):
    put("first/a.csv", b"a,b,c,d\n1,2,3,4\n")
    put("second/deep/a.csv", b"a,b,c,e\n1,2,3,4\n")
    crawl()
    name = table_of(prefix)
    assert list(columns(glue, name)) == ["a", "b", "c", "d", "e"]
    table = glue.get_table(DatabaseName=DATABASE, Name=name)["Table"]
    assert [key["Name"] for key in table["PartitionKeys"]] == [
        "partition_0",
        "partition_1",
    ]
    found = glue.get_partitions(DatabaseName=DATABASE, TableName=name)
    assert [partition["Values"] for partition in found["Partitions"]] == [
        ["second", "deep"]
    ]


def test_what_is_excluded_is_not_read(glue, put, crawl, prefix, bucket):
    put("a.csv", b"a,b\n1,2\n")
    put("notes.txt", b"left,out\n")
    put("old/b.csv", b"left,out\n")
    target = {
        "Path": f"s3://{bucket}/{prefix}",
        "Exclusions": ["*.{txt,md}", "old/**"],
    }
    crawl(targets={"S3Targets": [target]})
    assert list(columns(glue, table_of(prefix))) == ["a", "b"]


def test_an_absent_database_is_created(glue, put, crawl, prefix):
    put("a.csv", b"a,b\n1,2\n")
    name = f"db_{table_of(prefix)}"
    assert crawl(database=name)["LastCrawl"]["Status"] == "SUCCEEDED"
    assert len(glue.get_tables(DatabaseName=name)["TableList"]) == 1


def test_several_tables_of_the_catalog_are_crawled_again(
    glue, put, crawl, prefix, bucket
):
    names = [f"{table_of(prefix)}_{number}" for number in range(2)]
    for number, name in enumerate(names):
        location = f"s3://{bucket}/{prefix}/{number}"
        storage = {"Columns": [], "Location": location}
        glue.create_table(
            DatabaseName=DATABASE,
            TableInput={"Name": name, "StorageDescriptor": storage},
        )
        put(f"{number}/a.csv", f"a{number},b\n1,2\n".encode())
    target = {"DatabaseName": DATABASE, "Tables": names}
    crawler = crawl(targets={"CatalogTargets": [target]})
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED"
    for number, name in enumerate(names):
        assert list(columns(glue, name)) == [f"a{number}", "b"]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "x/a.csv", False),
        ("**.csv", "x/a.csv", True),
        ("old/**", "old/x/a.csv", True),
        ("?.csv", "ab.csv", False),
        ("[a-c].csv", "b.csv", True),
        ("[!a-c].csv", "b.csv", False),
        ("a.{csv,txt}", "a.txt", True),
        (r"\*.csv", "*.csv", True),
        (r"\*.csv", "a.csv", False),
        ("a+b.csv", "a+b.csv", True),
        ("a.csv", "aXcsv", False),
        ("[", "[", True),
    ],
)
def test_patterns_of_exclusions(pattern, path, matches):
    assert excludes([pattern], path) is matches
