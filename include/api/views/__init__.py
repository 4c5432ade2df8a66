"""The views of the scoring API, a file for each thing that a caller can do. They may import all of `include.api`."""
