"""The project's own code that the scoring job imports, as the zip file of `--extra-py-files`."""

import ast
import zipfile
from collections.abc import Iterator
from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path

PACKAGE = "include"
ENTRY = "include.glue.score_leads"
EPOCH = (1980, 1, 1, 0, 0, 0)


def code_zip() -> bytes:
    """A zip of the project's modules that the scoring job needs, those that they import included, and no others.

    So nothing of the project has to run on Glue's older Python but what the job really uses. The same code gives the
    same bytes.
    """
    content = BytesIO()
    with as_file(files(PACKAGE)) as root, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(_needed(ENTRY, root)):
            entry = zipfile.ZipInfo(file.relative_to(root.parent).as_posix(), date_time=EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    return content.getvalue()


def _needed(entry: str, root: Path) -> set[Path]:
    """Files of a module, of the packages that it lies in, and of all that they import of the project."""
    found: set[Path] = set()
    waiting = [entry]
    while waiting:
        module = waiting.pop()
        file = _file(module, root)
        if file is None or file in found:
            continue
        found.add(file)
        if "." in module:
            waiting.append(module.rpartition(".")[0])
        waiting += _imported(file)
    return found


def _file(module: str, root: Path) -> Path | None:
    """The module's source; None for a name inside a module, or another project's module."""
    path = root.parent / module.replace(".", "/")
    places = (path / "__init__.py", path.with_suffix(".py"))
    return next((place for place in places if place.is_file() and place.is_relative_to(root)), None)


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
