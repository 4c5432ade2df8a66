"""What `make demo` runs on a started stack: batches of leads through the DAGs, and a table of what happened."""
