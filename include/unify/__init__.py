"""Put leads together from several systems: one row for each lead, its columns as of the moments of their stages.

Reads the typed rows of every source, finds out whose they are (`include.identity`), and lets features be computed
(`include.asof`). May import these two, the contract and the project's errors.
"""
