"""Renders the SQL files: one Redshift statement each, with names and columns from settings and contract."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from include.contract import Contract
from include.contract.derived.ddl import (
    MERGED_INTO,
    feedback_columns,
    label_prefix,
    leads_columns,
    moment_columns,
    row_columns,
    staging_columns,
    table_hints,
    withdrawn_column,
)
from include.contract.derived.maturity import seconds_until_final
from include.contract.derived.shown import (
    FURTHER_COLUMNS,
    filter_columns,
    further_outcomes,
    outcome_columns,
)
from include.lake.layout import Layout
from include.settings import Settings
from include.warehouse.moments import is_older


@dataclass(frozen=True)
class Statements:
    """The SQL files in sql/, rendered for one contract and the settings of one environment."""

    settings: Settings
    contract: Contract

    def render(self, name: str, **context: object) -> str:
        """Return the statement in sql/<name>.sql.

        Args:
            name: file name without the extension.
            **context: what that file needs besides `settings`, `contract`, `layout` and the names of the tables.

        Raises:
            jinja2.TemplateNotFound: there is no such file.
            jinja2.UndefinedError: a value that the file needs is not in `context`.
        """
        template = _environment().get_template(f"{name}.sql")
        return template.render(**self._names(), **context).strip()

    def _names(self) -> dict[str, Any]:
        """Return what every file may use: tables with their schema, and the columns of the contract."""
        contract = self.contract
        tables = contract.names
        schema = self.settings.redshift.schema_name
        return {
            "settings": self.settings,
            "contract": contract,
            "layout": Layout(self.settings, contract),
            "leads_columns": leads_columns(contract),
            "feedback_columns": feedback_columns(contract),
            "row_columns": row_columns(contract),
            "staging_columns": staging_columns(contract),
            "merged_into": MERGED_INTO,
            "withdrawn": {
                label: withdrawn_column(contract, label)
                for label in contract.labels
            },
            "moments": [name for name, _ in moment_columns(contract)],
            "label_prefixes": {
                label: label_prefix(contract, label)
                for label in contract.labels
            },
            "table_hints": table_hints(contract),
            "seconds_until_final": seconds_until_final(contract),
            "filter_fields": [
                column.field for column in filter_columns(contract)
            ],
            "outcome_columns": list(outcome_columns(contract)),
            "further_columns": FURTHER_COLUMNS,
            "further_scores": {
                outcome: f"{schema}.{contract.for_outcome(outcome).names.scores_table}_current"
                for outcome in further_outcomes(contract)
            },
            "key_type": dict(staging_columns(contract))[contract.key],
            "leads": f"{schema}.{tables.table}",
            "staging": f"{schema}.{tables.table}_staging",
            "scores": f"{schema}.{tables.scores_table}",
            "current_scores": f"{schema}.{tables.scores_table}_current",
            "drift": f"{schema}.{tables.drift_table}",
            "promotions": f"{schema}.{tables.promotions_table}",
            "feedback": f"{schema}.{tables.feedback_table}",
            "withdrawals": f"{schema}.{tables.feedback_table}_withdrawals",
        }


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Return the process's Jinja environment, in which a name that nobody gave is an error."""
    environment = Environment(
        loader=PackageLoader("include.warehouse", "sql"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - SQL, not HTML; values pass through `literal`
    )
    environment.globals["is_older"] = is_older
    environment.filters |= {
        "literal": literal,
        "timestamp": timestamp,
        "doubled": doubled,
    }
    return environment


def doubled(text: str) -> str:
    """Return `text` with every single quote doubled, as it must be inside a quoted SQL string or UNLOAD('…')."""
    return text.replace("'", "''")


def literal(value: object) -> str:
    """Return an SQL string literal that holds `value` as text."""
    return f"'{doubled(str(value))}'"


def timestamp(moment: datetime | str) -> str:
    """Return a Redshift TIMESTAMP literal in UTC with microseconds; a moment without zone is taken as UTC.

    Raises:
        ValueError: a text that is not ISO 8601.
    """
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"
