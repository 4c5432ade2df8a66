"""Runs statements in Redshift through the Data API: small results come back, and there is no connection to keep."""

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

BUSY = frozenset(
    {
        "ThrottlingException",
        "ActiveStatementsExceededException",
        "ActiveSessionsExceededException",
    }
)
UNFINISHED = frozenset({"SUBMITTED", "PICKED", "STARTED"})


def _busy(error: BaseException) -> bool:
    if not isinstance(error, ClientError):
        return False
    return error.response["Error"]["Code"] in BUSY


def _cell(cell: dict[str, Any]) -> Any:
    """Return the value of a cell, which the Data API gives under the name of its type."""
    if cell.get("isNull"):
        return None
    return next(iter(cell.values()))


class Warehouse:
    """Run SQL in the settings' serverless workgroup, signed with the caller's own AWS identity (no secret)."""

    def __init__(
        self,
        settings: Settings,
        timeout: float = 900.0,
        client: "RedshiftDataAPIServiceClient | None" = None,
    ) -> None:
        """Prepare a client.

        Args:
            settings: region, workgroup and database.
            timeout: seconds that bound one call; a statement that outlives it is cancelled.
            client: of the identity that asks; None takes the process's own.
        """
        self._client: RedshiftDataAPIServiceClient = client or aws_client(
            "redshift-data", settings.region
        )
        self._target = {
            "WorkgroupName": settings.redshift.workgroup,
            "Database": settings.redshift.database,
        }
        self._timeout = timeout

    def query(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        """Return the rows of a SELECT as dictionaries by column name; meant for results of up to some thousand rows.

        Args:
            sql: one statement; `:name` stands for the parameter of that name.
            **parameters: values; all travel as text, so cast in SQL where the type matters.

        Raises:
            WarehouseError: the statement failed, was aborted or ran out of time.
        """
        statement = self._run(sql, parameters)
        if not statement["HasResultSet"]:
            return []
        return self._rows(statement["Id"])

    def execute(self, sql: str, **parameters: object) -> int:
        """Return how many rows one statement changed (0 where the engine does not say). Raises WarehouseError."""
        statement = self._run(sql, parameters)
        return max(0, int(statement.get("ResultRows", 0)))

    def transaction(self, statements: list[str]) -> None:
        """Run all statements in one transaction: every one takes effect, or none. Raises WarehouseError."""
        batch = self._call(
            "batch_execute_statement", Sqls=statements, **self._target
        )
        self._finish(batch["Id"])

    def _run(self, sql: str, parameters: dict[str, object]) -> dict[str, Any]:
        """Run one statement and return its description once it has finished."""
        empty = sorted(
            name for name, value in parameters.items() if value is None
        )
        if empty:
            raise ValueError(
                f"parameter {', '.join(empty)} is None, which the Data API cannot carry; write NULL in SQL"
            )
        request: dict[str, Any] = {"Sql": sql, **self._target}
        if parameters:
            request["Parameters"] = [
                {"name": name, "value": str(value)}
                for name, value in parameters.items()
            ]
        statement = self._call("execute_statement", **request)
        return self._finish(statement["Id"])

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Return the answer of the Data API, which is asked again while it is busy."""
        retrying = Retrying(
            retry=retry_if_exception(_busy),
            wait=wait_random_exponential(0.5, 10),
            stop=stop_after_attempt(6),
            reraise=True,
        )
        try:
            response: dict[str, Any] = retrying(
                getattr(self._client, operation), **request
            )
        except (ClientError, BotoCoreError) as error:
            raise WarehouseError(str(error), request.get("Id")) from error
        return response

    def _finish(self, statement_id: str) -> dict[str, Any]:
        """Return the description of a statement that has finished; one that takes too long is cancelled."""
        polling = Retrying(
            retry=retry_if_result(
                lambda statement: statement["Status"] in UNFINISHED
            ),
            wait=wait_exponential(0.05, max=2, exp_base=1.5),
            stop=stop_after_delay(self._timeout),
        )
        try:
            statement: dict[str, Any] = polling(
                self._call, "describe_statement", Id=statement_id
            )
        except RetryError:
            self._call("cancel_statement", Id=statement_id)
            raise WarehouseError(
                f"cancelled: not finished after {self._timeout:g} s",
                statement_id,
            ) from None
        if statement["Status"] != "FINISHED":
            raise WarehouseError(
                statement.get("Error") or statement["Status"], statement_id
            )
        log.info(
            "Warehouse statement %s finished, %s rows",
            statement_id,
            statement.get("ResultRows"),
        )
        return statement

    def _rows(self, statement_id: str) -> list[dict[str, Any]]:
        """Return the rows of a statement, however many pages they come in."""
        rows: list[dict[str, Any]] = []
        position: dict[str, str] = {}
        while True:
            page = self._call(
                "get_statement_result", Id=statement_id, **position
            )
            names = [column["name"] for column in page["ColumnMetadata"]]
            for record in page["Records"]:
                values = [_cell(cell) for cell in record]
                rows.append(dict(zip(names, values, strict=True)))
            if not page.get("NextToken"):
                return rows
            position = {"NextToken": page["NextToken"]}
