"""The root of every error that this project raises by name."""


class LeadsError(Exception):
    """Base class of all named errors; catch it to tell them from errors of libraries and of Python."""
