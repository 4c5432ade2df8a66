"""Decide by its name whether an object below a source folder is read.

One rule for the sensor that waits for files and the job that reads them. It
needs nothing but the standard library.
"""

DATA_ENDINGS = (".csv", ".csv.gz")
"""Endings of the objects that are read, in lower case, where cells are separated by commas."""

TEXT_ENDINGS = (".csv", ".txt", ".tsv", ".tab", ".psv")
"""Endings where a contract names another delimiter: such files are seldom called .csv."""
OTHER_ENDINGS = {
    "parquet": (".parquet", ".pq"),
    "json_lines": (".jsonl", ".ndjson", ".json"),
}

HIDDEN = ("_", ".")
"""A folder or name that begins so is no data, with or without a `=` in it."""


def data_endings(
    file_format: str = "csv", delimiter: str = ","
) -> tuple[str, ...]:
    """Return the endings of the objects that are read, in lower case; each may be packed by gzip.

    Args:
        file_format: `csv`, `parquet` or `json_lines`.
        delimiter: of CSV files.
    """
    if file_format == "csv" and delimiter == ",":
        return DATA_ENDINGS
    endings = OTHER_ENDINGS.get(file_format, TEXT_ENDINGS)
    return endings + tuple(f"{ending}.gz" for ending in endings)


def unread_reason(
    path: str, endings: tuple[str, ...] = DATA_ENDINGS
) -> str | None:
    """Return why an object is left aside, None if it is read.

    Args:
        path: of the object, seen from the source folder.
        endings: of the names of objects that are read.
    """
    for part in path.split("/"):
        if part.startswith(HIDDEN):
            return f"{part!r} begins with _ or ."
    if path.lower().endswith(endings):
        return None
    if endings == DATA_ENDINGS:
        return "its name does not end with .csv or .csv.gz"
    return f"its name ends with none of {', '.join(endings)}"
