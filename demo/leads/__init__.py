"""Synthetic leads."""
