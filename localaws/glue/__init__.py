"""Run Glue: a crawler that reads S3 into the Data Catalog, and jobs that run their PySpark script."""
