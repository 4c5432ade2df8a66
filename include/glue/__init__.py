"""PySpark job scripts, each a self-contained file that Glue runs."""
