"""The scoring API and the lead desk."""
