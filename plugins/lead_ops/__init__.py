"""What the project adds to Airflow itself; on MWAA it travels in plugins.zip."""
