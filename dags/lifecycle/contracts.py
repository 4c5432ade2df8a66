"""The contracts that DAG files make their DAGs for: names only, so that parsing reads no contract and no setting."""

import gc
import os
from contextlib import contextmanager

from airflow.sdk import Asset, get_parsing_context

from include.contract.in_force import names_in_force
from lead_ops.contracts import DEFAULT, contract_of, dag_id_of

CONTRACT = "LEADS_CONTRACT"
FOLDER = "LEADS_CONTRACTS_FOLDER"
DEFAULT_CONTRACT = "x_education"
"""Repeats the default of the setting `contract`, because settings are not read here; a test compares."""


def contracts():
    """Yield DEFAULT for the default contract, then the name of every other contract in force.

    While a file makes the DAGs of all contracts, nothing is looked through for garbage (`uncollected`).
    """
    with uncollected():
        yield from contract_names()


@contextmanager
def uncollected():
    """Pause Python's garbage collector.

    DAGs are thousands of objects that all stay. For each few hundred of them the collector would look through all of
    Airflow's modules: a third of the time in which a file of ten contracts is parsed.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def contract_names():
    """Return what `contracts` yields.

    A worker that parses the file for one task gets the contract of this task alone: it needs no other DAG.
    """
    default = os.environ.get(CONTRACT) or DEFAULT_CONTRACT
    folder = os.environ.get(FOLDER, "")
    _, *others = names_in_force(default, folder)
    names = [DEFAULT, *others]
    dag_id = get_parsing_context().dag_id
    if dag_id and contract_of(dag_id) in names:
        return [contract_of(dag_id)]
    return names


def asset(name, contract):
    """Return an asset of one contract: `leads` of the default one, `partners.leads` of contract partners."""
    return Asset(dag_id_of(contract, name))
