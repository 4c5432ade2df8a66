"""Try on a real account, in ten minutes, what only a real account can show: `make smoke STAGE=dev`."""
