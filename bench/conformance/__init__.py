"""Run a list of Redshift statements on local AWS and count what it answers rightly: `python -m bench.conformance`."""
