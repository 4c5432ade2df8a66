"""Replay the lifecycle: batches of leads through the DAGs, step by step, and a table of what happened."""
