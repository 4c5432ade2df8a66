"""Data drift and outages."""
