"""Crawl: read the objects under a crawler's S3 targets and keep their tables in the Data Catalog."""

import logging
import statistics
import time
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError
from moto.core.utils import utcnow
from moto.glue.exceptions import CrawlerRunningException
from moto.glue.models import FakeCrawl, FakeCrawler

from localaws.glue.catalog import CrawledTable, crawl_objects, table_name
from localaws.processes import write_log
from localaws.roles import role_name
from localaws.runtime import Runtime, list_objects, split_uri

log = logging.getLogger(__name__)

_PROBLEMS_LOGGED = 100
_FIELDS = {
    "Role": "role",
    "DatabaseName": "database_name",
    "Description": "description",
    "Targets": "targets",
    "Schedule": "schedule",
    "Classifiers": "classifiers",
    "TablePrefix": "table_prefix",
    "SchemaChangePolicy": "schema_change_policy",
    "RecrawlPolicy": "recrawl_policy",
    "LineageConfiguration": "lineage_configuration",
    "Configuration": "configuration",
    "CrawlerSecurityConfiguration": "crawler_security_configuration",
}
_LAST_CRAWL = {
    "COMPLETED": "SUCCEEDED",
    "STOPPED": "CANCELLED",
    "FAILED": "FAILED",
}
_CSV = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"'},
    },
}
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    },
}


class Crawl(FakeCrawl):  # type: ignore[misc] # moto is untyped here
    """One crawl; its status says what happens, in place of moto's timetable."""

    error = ""
    seconds = 0.0

    @property
    def status(self) -> str:
        """Return RUNNING, STOPPING, COMPLETED, STOPPED or FAILED."""
        return str(self._status)

    @status.setter
    def status(self, value: str) -> None:
        self._status = value

    def end(self, status: str, error: str = "") -> None:
        """Close the crawl; a stopped one stays stopped."""
        self.error = error
        self.end_time = utcnow()
        self.seconds = (
            time.time() - self.start_time.replace(tzinfo=UTC).timestamp()
        )
        self.status = "STOPPED" if self.status == "STOPPING" else status


class LocalCrawler(FakeCrawler):  # type: ignore[misc] # moto is untyped here
    """A crawler of S3 targets."""

    runtime: Runtime
    created = updated = 0

    def as_dict(self) -> dict[str, Any]:
        """Return GetCrawler's answer."""
        answer: dict[str, Any] = super().as_dict()
        answer.pop("LastCrawl", None)
        finished = [
            crawl for crawl in self.crawls if crawl.status in _LAST_CRAWL
        ]
        if finished:
            answer["LastCrawl"] = _last_crawl(finished[-1])
        return answer

    def metrics(self) -> dict[str, Any]:
        """Return GetCrawlerMetrics' entry."""
        seconds = [crawl.seconds for crawl in self.crawls if crawl.end_time]
        return {
            "CrawlerName": self.name,
            "TimeLeftSeconds": 0.0,
            "StillEstimating": False,
            "LastRuntimeSeconds": seconds[-1] if seconds else 0.0,
            "MedianRuntimeSeconds": statistics.median(seconds)
            if seconds
            else 0.0,
            "TablesCreated": self.created,
            "TablesUpdated": self.updated,
            "TablesDeleted": 0,
        }

    def change(self, request: dict[str, Any]) -> None:
        """Do UpdateCrawler: the members of the request replace the old ones."""
        if self.status != "READY":
            raise CrawlerRunningException(
                f"Crawler with name {self.name} is running"
            )
        for member, attribute in _FIELDS.items():
            if member in request:
                setattr(self, attribute, request[member])
        self.version += 1
        self.last_updated = utcnow()

    def start_crawler(self) -> None:
        """Crawl in a thread; a running crawler refuses."""
        if self.status != "READY":
            raise CrawlerRunningException(
                f"Crawler with name {self.name} has already started"
            )
        crawl = Crawl(self.name)
        self.crawls.append(crawl)
        Thread(
            target=self._run,
            args=(crawl,),
            name=f"crawler-{self.name}",
            daemon=True,
        ).start()

    def _run(self, crawl: Crawl) -> None:
        targets = (self.targets or {}).get("S3Targets", [])
        if not targets:
            crawl.end("FAILED", "local AWS crawls S3Targets only")
            return
        try:
            for target in targets:
                bucket, prefix = split_uri(target["Path"])
                self._crawl(crawl, bucket, prefix)
        except ClientError as error:
            crawl.end("FAILED", error.response["Error"]["Message"])
        except JsonRESTError as error:
            crawl.end("FAILED", str(error.message))
        except Exception as error:
            log.exception(
                "crawler %s", self.name
            )  # nobody above catches it, and the client must see an end
            crawl.end("FAILED", f"Internal Service Exception: {error!r}")
        else:
            crawl.end("COMPLETED")

    def _crawl(self, crawl: Crawl, bucket: str, prefix: str) -> None:
        s3 = self.runtime.client("s3", role_name(self.role))
        folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        self._catalog.get_database(
            Name=self.database_name
        )  # raises for a database that is not there
        table = crawl_objects(
            s3, bucket, folder, list_objects(s3, bucket, folder)
        )
        if table.problems:
            self._log_problems(crawl, bucket, table.problems)
        if table.objects:
            name = table_name(bucket, prefix, self.table_prefix)
            self._save(
                _table_input(name, f"s3://{bucket}/{folder}", table, self.name)
            )

    def _log_problems(
        self, crawl: Crawl, bucket: str, problems: dict[str, str]
    ) -> None:
        """Name the objects that could not be read in the crawler's log; they do not fail the crawl."""
        messages = [
            f"[{crawl.crawl_id}] WARN : s3://{bucket}/{key} could not be read to its end: {problem}"
            for key, problem in sorted(problems.items())[:_PROBLEMS_LOGGED]
        ]
        for message in messages:
            log.warning("crawler %s: %s", self.name, message)
        logs = self.runtime.client("logs", role_name(self.role))
        write_log(logs, crawl.log_group, crawl.log_stream, messages)

    def _save(self, table: dict[str, Any]) -> None:
        catalog = self._catalog
        try:
            catalog.get_table(
                DatabaseName=self.database_name, Name=table["Name"]
            )
        except catalog.exceptions.EntityNotFoundException:
            catalog.create_table(
                DatabaseName=self.database_name, TableInput=table
            )
            self.created += 1
        else:
            catalog.update_table(
                DatabaseName=self.database_name, TableInput=table
            )
            self.updated += 1

    @property
    def _catalog(self) -> Any:
        """Return a client of the Data Catalog in the crawler's own role."""
        return self.runtime.client("glue", role_name(self.role))


def _last_crawl(crawl: Crawl) -> dict[str, Any]:
    answer = {
        "Status": _LAST_CRAWL[crawl.status],
        "LogGroup": crawl.log_group,
        "LogStream": crawl.log_stream,
        "MessagePrefix": crawl.message_prefix,
        "StartTime": crawl.start_time,
    }
    if crawl.error:
        answer["ErrorMessage"] = crawl.error
    return answer


def _table_input(
    name: str, location: str, table: CrawledTable, crawler: str
) -> dict[str, Any]:
    """Return the table as CreateTable and UpdateTable take it."""
    layout = _PARQUET if table.classification == "parquet" else _CSV
    parameters = {
        "classification": table.classification,
        "objectCount": str(table.objects),
        "sizeKey": str(table.size),
        "UPDATED_BY_CRAWLER": crawler,
    }
    if table.classification == "csv":
        parameters |= {"skip.header.line.count": "1", "delimiter": ","}
    columns = [
        {"Name": column, "Type": column_type}
        for column, column_type in table.columns.items()
    ]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "LastAccessTime": datetime.now(UTC).timestamp(),
        "Parameters": parameters,
        "PartitionKeys": [
            {"Name": partition, "Type": "string"}
            for partition in table.partitions
        ],
        "StorageDescriptor": {
            **layout,
            "Columns": columns,
            "Location": location,
            "Parameters": parameters,
        },
    }
