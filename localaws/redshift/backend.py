"""Answer the Redshift Data API: moto's service with the answers of a real engine."""

import json
import re
from types import SimpleNamespace
from typing import Any, ClassVar

from moto.core.base_backend import BaseBackend
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse
from moto.redshiftdata import redshiftdata_backends
from moto.redshiftdata import urls as moto_urls

from localaws.redshift.dialect import split
from localaws.redshift.engine import Engine
from localaws.redshift.limits import broken_limit
from localaws.redshift.statements import Part, Submission
from localaws.runtime import Runtime

_ID = re.compile(r"[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?")
_ROWS_PER_PAGE = 1000
_STATEMENTS_PER_PAGE = 100
Answer = tuple[int, dict[str, str], str]


class LocalRedshiftDataBackend(BaseBackend):  # type: ignore[misc] # moto is untyped here
    """Statements of one account and region; the engine is the process's one workgroup."""

    runtime: ClassVar[Runtime]
    engine: ClassVar[Engine]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.submissions: dict[str, Submission] = {}
        self.tokens: dict[str, str] = {}

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(
            url_bases=moto_urls.url_bases,
            url_paths={"{0}/$": LocalRedshiftDataResponse.dispatch},
        )

    def submit(
        self, sqls: list[str], batch: bool, request: dict[str, Any]
    ) -> Submission:
        """Start statements; the same ClientToken again gives the submission it started before."""
        self._check_target(request)
        token = request.get("ClientToken")
        if token in self.tokens:
            return self.submissions[self.tokens[token]]
        submission = Submission(
            sqls,
            batch,
            request.get("Database", ""),
            request["WorkgroupName"],
            request.get("StatementName", ""),
            request.get("Parameters", []),
            request.get("SecretArn", ""),
        )
        self.submissions[submission.id] = submission
        if token:
            self.tokens[token] = submission.id
        if submission.database != self.runtime.database:
            submission.fail(
                f'FATAL: database "{submission.database}" does not exist'
            )
        else:
            submission.start(self.engine)
        return submission

    def find(self, statement_id: str) -> tuple[Submission, Part]:
        """Return a submission and the part of it that the id (`uuid` or `uuid:n`) names."""
        if not _ID.fullmatch(statement_id):
            raise _invalid(f"id must satisfy regex pattern: ^{_ID.pattern}$")
        submission = self.submissions.get(statement_id.partition(":")[0])
        if submission:
            for part in (submission.whole, *submission.parts):
                if part.id == statement_id:
                    return submission, part
        raise _missing("Query does not exist.")

    def _check_target(self, request: dict[str, Any]) -> None:
        for feature in (
            "SessionId",
            "SessionKeepAliveSeconds",
            "ClusterIdentifier",
        ):
            if request.get(feature):
                raise _invalid(
                    f"{feature} is not supported by local AWS: use WorkgroupName, one call per session"
                )
        if request.get("ResultFormat", "JSON") != "JSON":
            raise _invalid(
                "ResultFormat CSV is not supported by local AWS: use JSON"
            )
        if request.get("WorkgroupName") != self.runtime.workgroup:
            raise _invalid(
                f"Redshift endpoint doesn't exist in this region: workgroup {request.get('WorkgroupName')}; "
                f"local AWS has {self.runtime.workgroup}"
            )


class LocalRedshiftDataResponse(BaseResponse):  # type: ignore[misc] # moto is untyped here
    """Requests and answers of the Data API; one method per action, named as moto looks them up."""

    def __init__(self) -> None:
        super().__init__(service_name="redshift-data")

    @property
    def _backend(self) -> LocalRedshiftDataBackend:
        backend: LocalRedshiftDataBackend = redshiftdata_backends[
            self.current_account
        ][self.region]
        return backend

    @property
    def _request(self) -> dict[str, Any]:
        request: dict[str, Any] = json.loads(self.body)
        return request

    def execute_statement(self) -> Answer:
        """Answer ExecuteStatement: exactly one statement, with named parameters."""
        request = self._request
        sqls = split(request["Sql"]) or [request["Sql"]]
        if len(sqls) != 1:
            raise _invalid(
                f"ExecuteStatement takes one SQL statement, found {len(sqls)}: use BatchExecuteStatement"
            )
        _check_limits(sqls, request)
        return _accepted(
            self._backend.submit(sqls, batch=False, request=request)
        )

    def batch_execute_statement(self) -> Answer:
        """Answer BatchExecuteStatement: one transaction."""
        request = self._request
        sqls = []
        for text in request["Sqls"]:
            sqls += split(text) or [text]
        if len(sqls) != len(request["Sqls"]):
            raise _invalid(
                "Each item of Sqls must be exactly one SQL statement"
            )
        _check_limits(sqls, request)
        return _accepted(
            self._backend.submit(sqls, batch=True, request=request)
        )

    def describe_statement(self) -> Answer:
        """Answer DescribeStatement."""
        submission, part = self._backend.find(self._request["Id"])
        if part is submission.whole:
            return _answer(submission.describe())
        return _answer(part.describe())

    def get_statement_result(self) -> Answer:
        """Answer GetStatementResult: a page of rows."""
        request = self._request
        _, part = self._backend.find(request["Id"])
        if (
            part.status != "FINISHED"
            or part.outcome is None
            or part.outcome.result is None
        ):
            raise _missing(
                "Query does not have result. Please check query status with DescribeStatement."
            )
        result = part.outcome.result
        start = int(request.get("NextToken") or 0)
        end = start + _ROWS_PER_PAGE
        page = {
            "ColumnMetadata": result.columns,
            "Records": result.records[start:end],
            "TotalNumRows": len(result.records),
        }
        if end < len(result.records):
            page["NextToken"] = str(end)
        return _answer(page)

    def list_statements(self) -> Answer:
        """Answer ListStatements: newest first, filtered by name prefix, status, database and workgroup."""
        request = self._request
        newest_first = reversed(self._backend.submissions.values())
        statements = [
            submission.summary()
            for submission in newest_first
            if _is_asked_for(submission, request)
        ]
        start = int(request.get("NextToken") or 0)
        end = start + (request.get("MaxResults") or _STATEMENTS_PER_PAGE)
        page: dict[str, Any] = {"Statements": statements[start:end]}
        if end < len(statements):
            page["NextToken"] = str(end)
        return _answer(page)

    def cancel_statement(self) -> Answer:
        """Answer CancelStatement."""
        submission, _ = self._backend.find(self._request["Id"])
        if submission.finished.is_set():
            raise _invalid(
                f"Could not cancel a query that is already in {submission.whole.status} state with ID: {submission.id}"
            )
        submission.cancel()
        return _answer({"Status": True})


def _check_limits(sqls: list[str], request: dict[str, Any]) -> None:
    reason = broken_limit(sqls, request.get("Parameters", []))
    if reason:
        raise _invalid(reason)


def _is_asked_for(submission: Submission, request: dict[str, Any]) -> bool:
    """Tell whether a submission passes the filters of a ListStatements request."""
    return (
        submission.name.startswith(request.get("StatementName", ""))
        and request.get("Status", "ALL") in ("ALL", submission.whole.status)
        and request.get("Database", submission.database) == submission.database
        and request.get("WorkgroupName", submission.workgroup)
        == submission.workgroup
    )


def _accepted(submission: Submission) -> Answer:
    body = {
        "Id": submission.id,
        "CreatedAt": submission.whole.created,
        "Database": submission.database,
        "WorkgroupName": submission.workgroup,
    }
    if submission.secret:
        body["SecretArn"] = submission.secret
    return _answer(body)


def _answer(body: dict[str, Any]) -> Answer:
    return 200, {}, json.dumps(body)


def _invalid(message: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", message)


def _missing(message: str) -> JsonRESTError:
    return JsonRESTError("ResourceNotFoundException", message)
