"""Keep the files of this server inside its own folder, whatever a request calls them."""

from pathlib import Path, PurePosixPath

from localaws.errors import OutsideFolderError


def inside(folder: Path, name: str) -> Path:
    """Return the path of `name` below `folder`.

    Raises:
        OutsideFolderError: `name` starts with a slash, or has a part `..`, so that it may lie somewhere else.
    """
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise OutsideFolderError(name)
    return folder / name
