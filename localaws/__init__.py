"""Serve a local AWS: moto's server, in which Glue, Redshift and SageMaker really run.

A package of its own. It imports nothing of the project: what its account is called stands in `account.py`.
"""

__version__ = "0.1.0"
