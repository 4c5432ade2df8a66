"""Errors of `include.warehouse`."""

from include.errors import LeadsError


class WarehouseError(LeadsError, RuntimeError):
    """A statement that the warehouse refused or did not finish; carries the statement's id and the engine's message."""

    def __init__(self, message: str, statement_id: str | None = None) -> None:
        where = (
            f"statement {statement_id}"
            if statement_id
            else "before a statement was accepted"
        )
        super().__init__(f"warehouse, {where}: {message}")
        self.statement_id = statement_id


class ColumnOrderError(LeadsError, ValueError):
    """A new column stands where ALTER TABLE cannot put it."""
