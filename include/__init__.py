"""Plain Python of the lead lifecycle; knows no Airflow."""
