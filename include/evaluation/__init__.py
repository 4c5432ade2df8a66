"""Measures one model on one set of leads: figures, intervals, thresholds, plots and explanations.

It may import contract, lake and features; it knows neither how a model was trained nor which other model it competes
with.
"""
