"""Decide whether a challenger replaces the champion, and keep the paper trail of every decision.

The gate's rules are a pure function of a report. May import what lies below: training, evaluation, registry, warehouse,
pages, lake, contract and settings.
"""
