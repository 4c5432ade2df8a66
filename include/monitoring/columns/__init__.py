"""Compare two sets of leads column by column: Evidently's drift tests, outages and counts of all rows.

May import the contract, the lake and the errors of `include.monitoring`; it knows neither champions nor MLflow.
"""
