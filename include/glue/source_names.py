"""Decide by its name whether an object below a source folder is read.

One rule for the sensor that waits for files and the job that reads them. It
needs nothing but the standard library.
"""

DATA_ENDINGS = (".csv", ".csv.gz")
"""Endings of the objects that are read, in lower case."""

HIDDEN = ("_", ".")
"""A folder or name that begins so is no data, with or without a `=` in it."""


def unread_reason(path: str) -> str | None:
    """Return why an object is left aside, None if it is read.

    Args:
        path: of the object, seen from the source folder.
    """
    for part in path.split("/"):
        if part.startswith(HIDDEN):
            return f"{part!r} begins with _ or ."
    if not path.lower().endswith(DATA_ENDINGS):
        return "its name does not end with .csv or .csv.gz"
    return None
