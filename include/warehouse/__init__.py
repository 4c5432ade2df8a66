"""Redshift: Data API client and SQL templates."""
