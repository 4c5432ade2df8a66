"""Watch the champion: drift and outages of its data, its scores and its performance, and what follows from them.

`analysis` runs a watch, `verdict` says what it comes to, `records` writes it down. May import what lies below:
training, evaluation, registry, warehouse, lake, contract and settings.
"""
