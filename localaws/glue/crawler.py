"""A crawler that crawls: reads the objects under its S3 targets and keeps their tables in the Data Catalog."""

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

from localaws.glue.catalog import Crawled, crawl_objects, table_name
from localaws.roles import role_name
from localaws.runtime import Runtime, list_objects, split_uri

log = logging.getLogger(__name__)

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
_LAST_CRAWL = {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED", "FAILED": "FAILED"}
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
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


class Crawl(FakeCrawl):  # type: ignore[misc] # moto is untyped here
    """One crawl; its status is what happened, not moto's timetable."""

    error = ""
    seconds = 0.0

    @property
    def status(self) -> str:
        """RUNNING, STOPPING, COMPLETED, STOPPED or FAILED."""
        return str(self._status)

    @status.setter
    def status(self, value: str) -> None:
        self._status = value

    def end(self, status: str, error: str = "") -> None:
        """Close the crawl; a stopped one stays stopped."""
        self.error, self.end_time = error, utcnow()
        self.seconds = time.time() - self.start_time.replace(tzinfo=UTC).timestamp()
        self.status = "STOPPED" if self.status == "STOPPING" else status


class LocalCrawler(FakeCrawler):  # type: ignore[misc] # moto is untyped here
    """A crawler of S3 targets."""

    runtime: Runtime
    created = updated = 0

    def as_dict(self) -> dict[str, Any]:
        """GetCrawler's answer."""
        described: dict[str, Any] = super().as_dict()
        described.pop("LastCrawl", None)
        finished = [crawl for crawl in self.crawls if crawl.status in _LAST_CRAWL]
        if finished:
            last = finished[-1]
            described["LastCrawl"] = {
                "Status": _LAST_CRAWL[last.status],
                "LogGroup": last.log_group,
                "LogStream": last.log_stream,
                "MessagePrefix": last.message_prefix,
                "StartTime": last.start_time,
            } | ({"ErrorMessage": last.error} if last.error else {})
        return described

    def metrics(self) -> dict[str, Any]:
        """GetCrawlerMetrics' entry."""
        seconds = [crawl.seconds for crawl in self.crawls if crawl.end_time]
        return {
            "CrawlerName": self.name,
            "TimeLeftSeconds": 0.0,
            "StillEstimating": False,
            "LastRuntimeSeconds": seconds[-1] if seconds else 0.0,
            "MedianRuntimeSeconds": statistics.median(seconds) if seconds else 0.0,
            "TablesCreated": self.created,
            "TablesUpdated": self.updated,
            "TablesDeleted": 0,
        }

    def change(self, request: dict[str, Any]) -> None:
        """UpdateCrawler: the members given replace the old ones."""
        if self.status != "READY":
            raise CrawlerRunningException(f"Crawler with name {self.name} is running")
        for member, attribute in _FIELDS.items():
            if member in request:
                setattr(self, attribute, request[member])
        self.version += 1
        self.last_updated = utcnow()

    def start_crawler(self) -> None:
        """Crawl in a thread; a running crawler refuses."""
        if self.status != "READY":
            raise CrawlerRunningException(f"Crawler with name {self.name} has already started")
        crawl = Crawl(self.name)
        self.crawls.append(crawl)
        Thread(target=self._run, args=(crawl,), name=f"crawler-{self.name}", daemon=True).start()

    def _run(self, crawl: Crawl) -> None:
        try:
            targets = (self.targets or {}).get("S3Targets", [])
            for target in targets:
                self._crawl(*split_uri(target["Path"]))
            crawl.end("COMPLETED" if targets else "FAILED", "" if targets else "local AWS crawls S3Targets only")
        except ClientError as error:
            crawl.end("FAILED", error.response["Error"]["Message"])
        except JsonRESTError as error:
            crawl.end("FAILED", str(error.message))
        except Exception as error:
            log.exception("crawler %s", self.name)  # a thread's last stand: the client must see an end
            crawl.end("FAILED", f"Internal Service Exception: {error!r}")

    def _crawl(self, bucket: str, prefix: str) -> None:
        s3 = self.runtime.client("s3", role_name(self.role))
        folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        self._catalog.get_database(Name=self.database_name)
        found = crawl_objects(s3, bucket, folder, list_objects(s3, bucket, folder))
        if found.objects:
            self._save(table_name(bucket, prefix, self.table_prefix), f"s3://{bucket}/{folder}", found)

    def _save(self, name: str, location: str, found: Crawled) -> None:
        catalog = self._catalog
        table = {"DatabaseName": self.database_name, "TableInput": _table_input(name, location, found, self.name)}
        try:
            catalog.get_table(DatabaseName=self.database_name, Name=name)
        except catalog.exceptions.EntityNotFoundException:
            catalog.create_table(**table)
            self.created += 1
        else:
            catalog.update_table(**table)
            self.updated += 1

    @property
    def _catalog(self) -> Any:
        """The Data Catalog through its API, in the crawler's own role."""
        return self.runtime.client("glue", role_name(self.role))


def _table_input(name: str, location: str, found: Crawled, crawler: str) -> dict[str, Any]:
    layout = _PARQUET if found.classification == "parquet" else _CSV
    parameters = {
        "classification": found.classification,
        "objectCount": str(found.objects),
        "sizeKey": str(found.size),
        "UPDATED_BY_CRAWLER": crawler,
    } | ({"skip.header.line.count": "1", "delimiter": ","} if found.classification == "csv" else {})
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "LastAccessTime": datetime.now(UTC).timestamp(),
        "Parameters": parameters,
        "PartitionKeys": [{"Name": part, "Type": "string"} for part in found.partitions],
        "StorageDescriptor": {
            **layout,
            "Columns": [{"Name": column, "Type": kind} for column, kind in found.columns.items()],
            "Location": location,
            "Parameters": parameters,
        },
    }
