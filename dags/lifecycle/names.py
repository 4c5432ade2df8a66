"""Names for templates, looked up when a task renders them: parsing a DAG file reads no settings and no contract.

They are those of the contract that the running DAG works for, which its id says (lead_ops.contracts).
"""

import re
from datetime import timedelta

from airflow.sdk import get_current_context

from lead_ops.contracts import DEFAULT, contract_of

RUN = "{{ run_key(ti) }}"
RUN_AFTER = "{{ dag_run.run_after.isoformat() }}"


def run_key(ti):
    """Return DAG id and run id as one word that is safe in S3 keys, Hadoop paths and SQL; a run's paths carry it."""
    run = re.sub(r"[^A-Za-z0-9_.=-]+", "-", ti.run_id)
    return f"{ti.dag_id}__{run}"


def running_contract():
    """Return the name of the contract that the running DAG works for; DEFAULT where no task runs in this process."""
    try:
        context = get_current_context()
    except RuntimeError:  # a script or a test
        return DEFAULT
    return contract_of(context["ti"].dag_id)


class Names:
    """Look up settings, contract and what is made of them in the process that renders; templates call it `names`.

    Args:
        outcome: whose contract, decisions, folders and statements these are; "" means the main one.
    """

    def __init__(self, outcome=""):
        self.outcome = outcome

    @property
    def settings(self):
        """Return the typed settings (include.settings), with the names that belong to the contract."""
        from include.contract.in_force import settings_of
        from include.settings import settings

        return settings_of(settings(), running_contract())

    @property
    def contract(self):
        """Return the lead contract that the running DAG works for.

        Raises:
            ContractError: it cannot be read, or is not apart from another contract.
        """
        from include.contract.in_force import contract_in_force
        from include.settings import settings

        contract = contract_in_force(settings(), running_contract())
        return contract.for_outcome(self.outcome)

    @property
    def outcomes(self):
        """Return the names of all outcomes, "" for the main one, which comes first."""
        return ["", *self.further_outcomes]

    @property
    def further_outcomes(self):
        """Return the names of the outcomes beside the main one, in the order of the contract."""
        from include.contract.derived.shown import further_outcomes

        return list(further_outcomes(self.contract))

    @property
    def decisions(self):
        """Return what is decided about the contract's leads in this deployment."""
        from include.contract import decisions_of

        return decisions_of(self.settings, self.contract)

    @property
    def layout(self):
        """Return where everything lies in S3."""
        from include.lake.layout import Layout

        return Layout(self.settings, self.contract)

    @property
    def statements(self):
        """Return the SQL files, rendered for the settings and the contract."""
        from include.warehouse.templates import Statements

        return Statements(self.settings, self.contract)

    @property
    def warehouse(self):
        """Return the client that runs statements in Redshift."""
        from include.warehouse.client import Warehouse

        return Warehouse(self.settings)

    def source(self, prefix, dag_run):
        """Return the S3 folder to ingest: `prefix` (a key or an s3:// URI), else the folder of the day before the run.

        Of a contract with several sources it is the folder of all of them: features need what came before.

        The day comes from the end of the data interval, so a nightly run takes the day that has just ended. A run
        triggered without a logical date has no interval and counts from its `run_after`.

        Raises:
            ContractError: the folder belongs to another contract.
        """
        from include.contract.in_force import check_source
        from include.settings import settings

        if not prefix and self.contract.unify:
            return self.layout.raw
        if not prefix:
            day = (dag_run.data_interval_end or dag_run.run_after) - timedelta(
                days=1
            )
            return f"{self.layout.raw}dt={day:%Y-%m-%d}/"
        if not prefix.startswith("s3://"):
            prefix = f"s3://{self.settings.s3.bucket}/{prefix.lstrip('/')}"
        folder = prefix.rstrip("/") + "/"
        check_source(settings(), running_contract(), folder)
        return folder
