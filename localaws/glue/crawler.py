"""Crawl: read the objects under a crawler's S3 targets and keep their tables in the Data Catalog."""

import logging
import statistics
import time
from datetime import UTC
from hashlib import md5
from pathlib import PurePosixPath
from threading import Thread
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError
from moto.core.utils import utcnow
from moto.glue.exceptions import CrawlerRunningException
from moto.glue.models import FakeCrawl, FakeCrawler

from localaws.errors import UnsupportedTargetError
from localaws.glue.catalog import (
    ensure_database,
    save_partitions,
    save_table,
    table_input,
)
from localaws.glue.exclusions import excludes
from localaws.glue.grouping import (
    CrawledObject,
    CrawledTable,
    one_table,
    table_name,
    tables_of,
)
from localaws.glue.samples import UnreadableObjectError, read_schema
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
    """A crawler of S3 folders, and of tables whose location is in S3."""

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
        try:
            self._crawl_targets(crawl)
        except UnsupportedTargetError as error:
            crawl.end("FAILED", str(error))
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

    def _crawl_targets(self, crawl: Crawl) -> None:
        targets = self.targets or {}
        for kind, named in targets.items():
            if named and kind not in ("S3Targets", "CatalogTargets"):
                raise UnsupportedTargetError(kind)
        folders = targets.get("S3Targets") or []
        listed = targets.get("CatalogTargets") or []
        if not folders and not listed:
            raise UnsupportedTargetError("no target at all")
        if folders:
            ensure_database(self._catalog, self.database_name)
        names: set[str] = set()
        for target in folders:
            self._crawl_folder(crawl, target, names)
        for target in listed:
            for name in target["Tables"]:
                self._crawl_table(crawl, target["DatabaseName"], name)

    def _crawl_folder(
        self, crawl: Crawl, target: dict[str, Any], names: set[str]
    ) -> None:
        """Crawl an S3 target; it makes and changes tables.

        Args:
            crawl: that runs.
            target: folder, and what of it is left out.
            names: of the tables of this crawl, to which its own are added; of two folders of one name the second one
                gets a name with a hash.
        """
        bucket, prefix = split_uri(target["Path"])
        folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        objects = self._read(
            crawl, bucket, folder, target.get("Exclusions") or []
        )
        for table in tables_of(folder, objects):
            name = table_name(bucket, table.folder, self.table_prefix)
            if name in names:
                digest = md5(table.folder.encode(), usedforsecurity=False)
                name = f"{name}_{digest.hexdigest()}"
            names.add(name)
            self._save(self.database_name, bucket, name, table)

    def _crawl_table(self, crawl: Crawl, database: str, name: str) -> None:
        """Crawl the location of a table that is in the catalog; it changes that table and makes none."""
        table = self._catalog.get_table(DatabaseName=database, Name=name)
        bucket, folder = split_uri(
            table["Table"]["StorageDescriptor"]["Location"]
        )
        folder = folder if folder.endswith("/") else f"{folder}/"
        objects = self._read(crawl, bucket, folder, [])
        if objects:
            crawled = one_table(folder, objects)
            self._save(database, bucket, name, crawled)

    def _read(
        self, crawl: Crawl, bucket: str, folder: str, exclusions: list[str]
    ) -> list[CrawledObject]:
        """Return what was read of the objects under a folder; those that cannot be read are named in the log."""
        s3 = self.runtime.client("s3", role_name(self.role))
        objects: list[CrawledObject] = []
        problems: dict[str, str] = {}
        for item in list_objects(s3, bucket, folder):
            key = item["Key"]
            if is_no_data(item) or excludes(
                exclusions, key.removeprefix(folder)
            ):
                continue
            try:
                schema = read_schema(s3, bucket, key)
            except UnreadableObjectError as error:
                problems[key] = str(error)
                continue
            if schema.problem:
                problems[key] = schema.problem
            objects.append(CrawledObject(key, item["Size"], schema))
        if problems:
            self._log_problems(crawl, bucket, problems)
        return objects

    def _save(
        self, database: str, bucket: str, name: str, table: CrawledTable
    ) -> None:
        made = save_table(
            self._catalog, database, table_input(bucket, name, table, self.name)
        )
        save_partitions(self._catalog, database, bucket, name, table)
        if made:
            self.created += 1
        else:
            self.updated += 1

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


def is_no_data(item: dict[str, Any]) -> bool:
    """Tell whether an object is none of a table's: empty, or named like the files that Spark adds."""
    name = PurePosixPath(item["Key"]).name
    return item["Size"] == 0 or name.startswith(("_", "."))
