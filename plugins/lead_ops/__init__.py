"""Add to Airflow itself: alerts, links on task pages, recorded approvals. On MWAA this travels in plugins.zip."""
