"""Registers the project's plugin, so that Admin → Plugins shows whether plugins.zip has arrived."""

from airflow.plugins_manager import AirflowPlugin


class LeadOpsPlugin(AirflowPlugin):
    """The project's extensions of Airflow."""

    name = "lead_ops"
