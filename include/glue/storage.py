"""Finds the objects that a load reads, and reads and writes its texts."""

from dataclasses import dataclass

from include.glue.errors import JobFailedError
from include.glue.objects import (
    FoundObject,
    list_objects,
    read_bytes,
    write_bytes,
)
from include.glue.source_names import DATA_ENDINGS, unread_reason

UNREAD_EXAMPLES = 5


@dataclass(frozen=True)
class Listing:
    """The objects below a source folder.

    Attributes:
        files: that are read, by path.
        unread: why each other object is left aside, by path relative to the folder.
    """

    files: list[FoundObject]
    unread: dict[str, str]

    @property
    def sizes(self) -> dict[str, int]:
        """Return the bytes of each object that is read, by path."""
        return {file.path: file.size for file in self.files}


def list_csv_objects(
    source_uri: str, endings: tuple[str, ...] = DATA_ENDINGS
) -> Listing:
    """Return the objects below `source_uri`, at any depth.

    Args:
        source_uri: of the folder.
        endings: of the names of objects that are read.

    Raises:
        JobFailedError: there is none that is read.
    """
    files: list[FoundObject] = []
    unread: dict[str, str] = {}
    for file in list_objects(source_uri):
        reason = unread_reason(file.path, endings)
        if reason is None:
            files.append(file)
        else:
            unread[file.path] = reason
    if not files:
        raise _nothing_to_read(source_uri, unread, endings)
    return Listing(files, unread)


def _nothing_to_read(
    source_uri: str, unread: dict[str, str], endings: tuple[str, ...]
) -> JobFailedError:
    """Return the error of a folder without data, with what lies there."""
    kind = "CSV" if endings[0] == ".csv" else endings[0]
    message = f"no {kind} objects under {source_uri}"
    if unread:
        examples = [
            f"{path} ({unread[path]})"
            for path in sorted(unread)[:UNREAD_EXAMPLES]
        ]
        message += f"; {len(unread)} not read: {', '.join(examples)}"
    return JobFailedError(f"{message}; check the prefix that the sensor saw")


def read_text(uri: str) -> str:
    """Return the text of an object. Raises JobFailedError where it cannot be read."""
    try:
        return read_bytes(uri).decode()
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise JobFailedError(
            f"{uri} cannot be read; run bootstrap_platform, which uploads it"
        ) from error


def write_text(uri: str, text: str) -> None:
    """Write an object over whatever was there."""
    write_bytes(uri, text.encode())
