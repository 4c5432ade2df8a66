"""Redshift through the Data API: statements in, small results out, no connection to keep."""

import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_random_exponential,
)

from include.lake.aws import aws_client
from include.settings import Settings
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient

log = logging.getLogger(__name__)

BUSY = frozenset({"ThrottlingException", "ActiveStatementsExceededException", "ActiveSessionsExceededException"})
UNFINISHED = frozenset({"SUBMITTED", "PICKED", "STARTED"})


def _busy(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in BUSY


def _cell(cell: dict[str, Any]) -> Any:
    return None if cell.get("isNull") else next(iter(cell.values()))


class Warehouse:
    """Runs SQL in the settings' serverless workgroup, signed with the caller's own AWS identity (no secret)."""

    def __init__(self, settings: Settings, timeout: float = 900.0) -> None:
        """`timeout` in seconds bounds one call; a statement that outlives it is cancelled."""
        self._client: RedshiftDataAPIServiceClient = aws_client("redshift-data", settings.region)
        self._target = {"WorkgroupName": settings.redshift.workgroup, "Database": settings.redshift.database}
        self._timeout = timeout

    def query(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        """Rows of a SELECT as dictionaries by column name; meant for results of up to some thousand rows.

        Args:
            sql: one statement; `:name` stands for the parameter of that name.
            **parameters: values; all travel as text, so cast in SQL where the type matters.

        Raises:
            WarehouseError: the statement failed, was aborted or ran out of time.
        """
        done = self._run(sql, parameters)
        return self._rows(done["Id"]) if done["HasResultSet"] else []

    def execute(self, sql: str, **parameters: object) -> int:
        """Number of rows that one statement changed (0 where the engine does not say). Raises WarehouseError."""
        return max(0, int(self._run(sql, parameters).get("ResultRows", 0)))

    def transaction(self, statements: list[str]) -> None:
        """Runs all statements in one transaction: every one takes effect, or none. Raises WarehouseError."""
        self._finish(self._call("batch_execute_statement", Sqls=statements, **self._target)["Id"])

    def _run(self, sql: str, parameters: dict[str, object]) -> dict[str, Any]:
        if empty := sorted(name for name, value in parameters.items() if value is None):
            raise ValueError(
                f"parameter {', '.join(empty)} is None, which the Data API cannot carry; write NULL in SQL"
            )
        request: dict[str, Any] = {"Sql": sql, **self._target}
        if parameters:
            request["Parameters"] = [{"name": name, "value": str(value)} for name, value in parameters.items()]
        return self._finish(self._call("execute_statement", **request)["Id"])

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        retrying = Retrying(
            retry=retry_if_exception(_busy),
            wait=wait_random_exponential(0.5, 10),
            stop=stop_after_attempt(6),
            reraise=True,
        )
        try:
            response: dict[str, Any] = retrying(getattr(self._client, operation), **request)
        except (ClientError, BotoCoreError) as error:
            raise WarehouseError(str(error), request.get("Id")) from error
        return response

    def _finish(self, statement_id: str) -> dict[str, Any]:
        polling = Retrying(
            retry=retry_if_result(lambda described: described["Status"] in UNFINISHED),
            wait=wait_exponential(0.05, max=2, exp_base=1.5),
            stop=stop_after_delay(self._timeout),
        )
        try:
            done: dict[str, Any] = polling(self._call, "describe_statement", Id=statement_id)
        except RetryError:
            self._call("cancel_statement", Id=statement_id)
            raise WarehouseError(f"cancelled: not finished after {self._timeout:g} s", statement_id) from None
        if done["Status"] != "FINISHED":
            raise WarehouseError(done.get("Error") or done["Status"], statement_id)
        log.info("Warehouse statement %s finished, %s rows", statement_id, done.get("ResultRows"))
        return done

    def _rows(self, statement_id: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        page: dict[str, Any] = {"NextToken": ""}
        while (token := page.get("NextToken")) is not None:
            more = {"NextToken": token} if token else {}
            page = self._call("get_statement_result", Id=statement_id, **more)
            names = [column["name"] for column in page["ColumnMetadata"]]
            rows += [dict(zip(names, map(_cell, record), strict=True)) for record in page["Records"]]
        return rows
