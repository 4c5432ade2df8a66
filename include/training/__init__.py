"""Splits, search, fit and evaluation of the model families."""
