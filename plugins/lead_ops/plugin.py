"""Register the project's plugin: links on task pages, on a laptop the guard, and an entry under Admin → Plugins."""

from airflow.plugins_manager import AirflowPlugin

from lead_ops.host_guard import root_middlewares
from lead_ops.links import LINKS


class LeadOpsPlugin(AirflowPlugin):
    """Name the project's extensions of Airflow."""

    name = "lead_ops"
    # Global, so that they reach mapped and TaskFlow tasks alike; a task without the address shows no link.
    global_operator_extra_links = LINKS
    # None on MWAA, where LEADS_AIRFLOW_HOSTS is not set.
    fastapi_root_middlewares = root_middlewares()
