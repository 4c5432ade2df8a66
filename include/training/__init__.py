"""Trains the model families on a snapshot of labelled leads and registers the best of each stage as challenger.

It may import contract, lake, features, feedback, evaluation and registry; nothing here knows how a model is promoted or
served.
"""
