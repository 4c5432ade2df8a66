"""Keeps models in MLflow: runs, logged pipelines, registered versions and the aliases that say which one serves.

It may import contract and features; which version deserves an alias is decided in include/promotion.
"""
