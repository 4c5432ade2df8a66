"""Tasks and task groups that several DAGs share; nothing here is a DAG of its own."""
