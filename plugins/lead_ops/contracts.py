"""Tell the contract by a DAG's id: `partners.ingest_leads` is of contract partners, `ingest_leads` of the default one.

Everything that runs under a DAG's id finds its contract here: templates, tasks, alerts.
"""

DEFAULT = ""
"""Stands for the default contract, whose DAGs have plain ids."""
SEPARATOR = "."


def dag_id_of(contract, name):
    """Return the id of a contract's DAG.

    Args:
        contract: its name, DEFAULT for the default contract.
        name: what the DAG is called for the default contract.
    """
    return f"{contract}{SEPARATOR}{name}" if contract else name


def contract_of(dag_id):
    """Return the name of the contract that a DAG works for, DEFAULT for the default one."""
    contract, separator, _ = dag_id.partition(SEPARATOR)
    return contract if separator else DEFAULT


def name_of(dag_id):
    """Return what a DAG is called for the default contract, whatever its contract."""
    return dag_id.rpartition(SEPARATOR)[2]
