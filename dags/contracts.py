"""### Check the contracts in force

Loads every contract in force and checks that no two share a name, a table, a model, an experiment or a prefix. What is
wrong is the import error of this file, which Airflow shows above its list of DAGs: it names the contract's file and the
mistake. There is no DAG here. The other DAG files list names alone, so the DAGs of the other contracts live on, and a
contract that is broken, or shares something with another one, fails in its own tasks.
"""  # noqa: D415 - a Markdown heading

from lifecycle.contracts import uncollected


def check_contracts():
    """Load the contracts. Raises ContractError, the message of which is what Airflow shows."""
    from include.contract.in_force import contracts_in_force
    from include.settings import settings

    contracts_in_force(settings())


with uncollected():
    check_contracts()
