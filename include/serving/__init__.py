"""The scorer, batch scoring and the scoring API."""
