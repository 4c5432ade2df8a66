"""Computes features as of a moment: compiles their declaration to one SQL text and runs it in DuckDB or in Spark.

May import the contract, nothing else of the project. A room of its own beside `include.features`: what lies there
travels with a logged model, and what lies here runs before any model and needs an engine.
"""
