"""Render HTML pages from a room's templates, with the same frame, figures and pictures on every page.

May import nothing of the project.
"""
