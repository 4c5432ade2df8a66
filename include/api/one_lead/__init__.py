"""Answers requests for one lead: with its events, or by its id. Reads the body, and hands over to `include.unify`.

May import what the API may; the other rooms of the API know it by `answers`.
"""
