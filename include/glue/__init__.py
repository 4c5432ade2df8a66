"""Spark jobs that Glue runs: raw CSV files to typed Parquet, and open leads to scores.

Each job is a script that gets the modules it imports as a zip. Ingestion may import what Glue brings (Spark, boto3,
numpy, pyarrow), the standard library and modules of the project that need no more; scoring has the packages of
requirements.txt too.
"""
