"""Answer the Redshift Data API: moto's service with the answers of a real engine."""

import json
import re
from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any, ClassVar

from moto.core.base_backend import BaseBackend
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse
from moto.redshiftdata import redshiftdata_backends
from moto.redshiftdata import urls as moto_urls

from localaws.redshift.callers import caller_of_role, role_of_request
from localaws.redshift.cells import ResultSet, csv_lines
from localaws.redshift.dialect import split
from localaws.redshift.engine import Engine
from localaws.redshift.errors import (
    SessionUnavailableError,
    TooManySessionsError,
)
from localaws.redshift.kept_sessions import KeptSessions
from localaws.redshift.limits import broken_limit
from localaws.redshift.listings import Listing
from localaws.redshift.requests import (
    InvalidRequestError,
    page_start,
    read_request,
    require_database,
    workgroup_name,
)
from localaws.redshift.statements import Part, Submission
from localaws.runtime import Runtime

_ID = re.compile(r"[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?")
_ROWS_PER_PAGE = 1000
_STATEMENTS_PER_PAGE = 100
_NAMES_PER_PAGE = 1000
_WAITED = (
    "Status", "UpdatedAt", "Duration", "HasResultSet", "ResultRows", "ResultSize", "RedshiftPid", "RedshiftQueryId",
    "Error",
)  # fmt: skip
"""What a call with WaitTimeSeconds answers besides: HasResultSet and Status are seen in awslabs/mcp#4560."""
Answer = tuple[int, dict[str, str], str]


class LocalRedshiftDataBackend(BaseBackend):  # type: ignore[misc] # moto is untyped here
    """Statements of one account and region; the engine is the process's one workgroup."""

    runtime: ClassVar[Runtime]
    engine: ClassVar[Engine]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.submissions: dict[str, Submission] = {}
        self.tokens: dict[str, str] = {}
        self.sessions = KeptSessions(self.engine)

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(
            url_bases=moto_urls.url_bases,
            url_paths={"{0}/$": LocalRedshiftDataResponse.dispatch},
        )

    def submit(
        self,
        sqls: list[str],
        batch: bool,
        request: dict[str, Any],
        role: str,
    ) -> Submission:
        """Start statements; the same ClientToken again gives the submission it started before."""
        if not request.get("SessionId"):
            self.check_target(request)
            require_database(request)
        token = request.get("ClientToken")
        if token in self.tokens:
            return self.submissions[self.tokens[token]]
        secret = request.get("SecretArn", "")
        caller = caller_of_role(role, self.account_id, secret)
        submission = Submission(
            sqls,
            batch,
            request.get("Database", self.runtime.database),
            request.get("WorkgroupName", self.runtime.workgroup),
            request.get("StatementName", ""),
            request.get("Parameters", []),
            secret,
            role,
            caller,
            request.get("ResultFormat", "JSON"),
            request.get("ExecutionMode") == "AUTO_COMMIT",
        )
        has_database = submission.database == self.runtime.database
        if has_database:
            self._keep_session(submission, request)
        self.submissions[submission.id] = submission
        if token:
            self.tokens[token] = submission.id
        if has_database:
            submission.start(self.engine, self.sessions)
        else:
            submission.fail(
                f'FATAL: database "{submission.database}" does not exist'
            )
        return submission

    def _keep_session(
        self, submission: Submission, request: dict[str, Any]
    ) -> None:
        """Give a submission the session that its call names or asks to keep."""
        session_id = request.get("SessionId")
        keep_alive = request.get("SessionKeepAliveSeconds")
        if session_id:
            if "WorkgroupName" in request:
                self.check_target(request)
            submission.kept = self.sessions.take(
                session_id, submission.caller, keep_alive, submission.id
            )
        elif keep_alive:
            submission.kept = self.sessions.open(
                submission.caller,
                submission.database,
                keep_alive,
                submission.id,
            )

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

    def check_target(self, request: dict[str, Any]) -> None:
        """Refuse a cluster and another workgroup than this process's."""
        if request.get("ClusterIdentifier"):
            raise _invalid(
                "ClusterIdentifier is not supported by local AWS: use WorkgroupName"
            )
        workgroup = request.get("WorkgroupName", "")
        if self.name_of(workgroup) != self.runtime.workgroup:
            raise _invalid(
                f"Redshift endpoint doesn't exist in this region: workgroup {workgroup or None}; "
                f"local AWS has {self.runtime.workgroup}"
            )

    def name_of(self, workgroup: str) -> str:
        """Return the workgroup that a name or an ARN stands for."""
        return workgroup_name(
            workgroup,
            self.region_name,
            self.account_id,
            self.runtime.workgroup,
        )

    def check_database(self, request: dict[str, Any]) -> None:
        """Refuse another database than this process's, as connecting to it would."""
        for name in ("ConnectedDatabase", "Database"):
            database = request.get(name, self.runtime.database)
            if database != self.runtime.database:
                raise _invalid(f'FATAL: database "{database}" does not exist')


def _checked(
    action: Callable[["LocalRedshiftDataResponse"], Answer],
) -> Callable[["LocalRedshiftDataResponse"], Answer]:
    """Answer a request that is refused with ValidationException."""

    @wraps(action)
    def answer(response: "LocalRedshiftDataResponse") -> Answer:
        try:
            return action(response)
        except (InvalidRequestError, SessionUnavailableError) as error:
            raise _invalid(str(error)) from error
        except TooManySessionsError as error:
            raise JsonRESTError(
                "ActiveSessionsExceededException", str(error)
            ) from error

    return answer


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

    def _request(self) -> dict[str, Any]:
        return read_request(self.body)

    @property
    def _role(self) -> str:
        return role_of_request(self.headers, self.current_account)

    def _submit(
        self, sqls: list[str], batch: bool, request: dict[str, Any]
    ) -> Answer:
        """Start statements, and wait for their end as long as the call asks for."""
        reason = broken_limit(sqls, request.get("Parameters", []))
        if reason:
            raise _invalid(reason)
        submission = self._backend.submit(sqls, batch, request, self._role)
        body = {
            "Id": submission.id,
            "CreatedAt": submission.whole.created,
            "Database": submission.database,
            "DbUser": submission.caller.user,
            **submission.target(),
        }
        if "WaitTimeSeconds" in request:
            _wait(submission, request)
            description = submission.describe()
            body |= {
                name: description[name]
                for name in _WAITED
                if name in description
            }
        return _answer(body)

    @_checked
    def execute_statement(self) -> Answer:
        """Answer ExecuteStatement: exactly one statement, with named parameters."""
        request = self._request()
        sqls = split(request["Sql"]) or [request["Sql"]]
        if len(sqls) != 1:
            raise _invalid(
                f"ExecuteStatement takes one SQL statement, found {len(sqls)}: use BatchExecuteStatement"
            )
        return self._submit(sqls, batch=False, request=request)

    @_checked
    def batch_execute_statement(self) -> Answer:
        """Answer BatchExecuteStatement: one transaction, or one for each statement."""
        request = self._request()
        sqls = []
        for text in request["Sqls"]:
            sqls += split(text) or [text]
        if len(sqls) != len(request["Sqls"]):
            raise _invalid(
                "Each item of Sqls must be exactly one SQL statement"
            )
        return self._submit(sqls, batch=True, request=request)

    @_checked
    def describe_statement(self) -> Answer:
        """Answer DescribeStatement."""
        request = self._request()
        submission, part = self._backend.find(request["Id"])
        _wait(submission, request)
        if part is submission.whole:
            return _answer(submission.describe())
        return _answer(part.describe())

    @_checked
    def get_statement_result(self) -> Answer:
        """Answer GetStatementResult: a page of rows."""
        request = self._request()
        result = self._result(request, "JSON")
        return _answer(_page_of_rows(result, request))

    @_checked
    def get_statement_result_v2(self) -> Answer:
        """Answer GetStatementResultV2: a page of rows as CSV."""
        request = self._request()
        result = self._result(request, "CSV")
        page = _page_of_rows(result, request)
        page["Records"] = [{"CSVRecords": csv_lines(page["Records"])}]
        page["ResultFormat"] = "CSV"
        return _answer(page)

    def _result(self, request: dict[str, Any], result_format: str) -> ResultSet:
        """Return the result set of a statement that has finished, if it was asked for in this format."""
        submission, part = self._backend.find(request["Id"])
        _wait(submission, request)
        if submission.result_format != result_format:
            suffix = "V2" if submission.result_format == "CSV" else ""
            raise _invalid(
                f"The statement was submitted with ResultFormat {submission.result_format}: "
                f"use GetStatementResult{suffix}"
            )
        if (
            part.status != "FINISHED"
            or part.outcome is None
            or part.outcome.result is None
        ):
            raise _missing(
                "Query does not have result. Please check query status with DescribeStatement."
            )
        return part.outcome.result

    @_checked
    def list_statements(self) -> Answer:
        """Answer ListStatements: the role's, newest first, by name prefix, status, database and workgroup."""
        request = self._request()
        role = self._role
        newest_first = reversed(list(self._backend.submissions.values()))
        statements = [
            submission.summary()
            for submission in newest_first
            if submission.role == role
            and self._is_asked_for(submission, request)
        ]
        return _answer(
            _page("Statements", statements, request, _STATEMENTS_PER_PAGE)
        )

    def _is_asked_for(
        self, submission: Submission, request: dict[str, Any]
    ) -> bool:
        """Tell whether a submission passes the filters of a ListStatements request."""
        name_of = self._backend.name_of
        workgroup = request.get("WorkgroupName", submission.workgroup)
        return (
            submission.name.startswith(request.get("StatementName", ""))
            and request.get("Status", "ALL") in ("ALL", submission.whole.status)
            and request.get("Database", submission.database)
            == submission.database
            and name_of(workgroup) == name_of(submission.workgroup)
        )

    @_checked
    def cancel_statement(self) -> Answer:
        """Answer CancelStatement."""
        request = self._request()
        submission, _ = self._backend.find(request["Id"])
        if submission.finished.is_set():
            raise _invalid(
                f"Could not cancel a query that is already in {submission.whole.status} state with ID: {submission.id}"
            )
        submission.cancel()
        return _answer({"Status": True})

    @_checked
    def list_databases(self) -> Answer:
        """Answer ListDatabases."""
        request = self._listing_request()
        databases = [self._backend.runtime.database]
        return _answer(_page("Databases", databases, request, _NAMES_PER_PAGE))

    @_checked
    def list_schemas(self) -> Answer:
        """Answer ListSchemas."""
        request = self._listing_request()
        schemas = self._listed(
            lambda listing: listing.schemas(request.get("SchemaPattern"))
        )
        return _answer(_page("Schemas", schemas, request, _NAMES_PER_PAGE))

    @_checked
    def list_tables(self) -> Answer:
        """Answer ListTables."""
        request = self._listing_request()
        tables = self._listed(
            lambda listing: listing.tables(
                request.get("SchemaPattern"), request.get("TablePattern")
            )
        )
        entries = [table._asdict() for table in tables]
        return _answer(_page("Tables", entries, request, _NAMES_PER_PAGE))

    @_checked
    def describe_table(self) -> Answer:
        """Answer DescribeTable."""
        request = self._listing_request()
        table = request.get("Table")
        columns = self._listed(
            lambda listing: listing.columns(request.get("Schema"), table)
        )
        page = _page("ColumnList", columns, request, _NAMES_PER_PAGE)
        if table:
            page["TableName"] = table
        return _answer(page)

    def _listing_request(self) -> dict[str, Any]:
        request = self._request()
        self._backend.check_target(request)
        self._backend.check_database(request)
        return request

    def _listed[T](self, read: Callable[[Listing], T]) -> T:
        with self._backend.engine.listing() as listing:
            return read(listing)


def _wait(submission: Submission, request: dict[str, Any]) -> None:
    """Wait for a statement's end as long as a call asks for."""
    submission.finished.wait(request.get("WaitTimeSeconds", 0))


def _page_of_rows(result: ResultSet, request: dict[str, Any]) -> dict[str, Any]:
    # MaxResults is no member of this request.
    token = {"NextToken": request.get("NextToken", "")}
    page = _page("Records", list(result.records), token, _ROWS_PER_PAGE)
    page["ColumnMetadata"] = result.columns
    page["TotalNumRows"] = len(result.records)
    return page


def _page(
    member: str, items: list[Any], request: dict[str, Any], most: int
) -> dict[str, Any]:
    """Return one page of items, and the token of the next."""
    start = page_start(request)
    end = start + (request.get("MaxResults") or most)
    page: dict[str, Any] = {member: items[start:end]}
    if end < len(items):
        page["NextToken"] = str(end)
    return page


def _answer(body: dict[str, Any]) -> Answer:
    return 200, {}, json.dumps(body)


def _invalid(message: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", message)


def _missing(message: str) -> JsonRESTError:
    return JsonRESTError("ResourceNotFoundException", message)
