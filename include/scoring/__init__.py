"""Champions that score leads, one by one, in batches or on Spark."""
