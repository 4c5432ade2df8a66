"""Do a whole load: survey its files, decide between rows with one key, write rows, quarantine and metrics."""
