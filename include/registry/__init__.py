"""MLflow runs, versions and aliases; the gate and promotion."""
