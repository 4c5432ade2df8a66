"""Packs the project's own code that the Glue jobs import, as the zip file of `--extra-py-files`."""

import ast
import zipfile
from collections.abc import Iterable, Iterator
from importlib.resources import as_file
from importlib.resources import files as package_files
from io import BytesIO
from pathlib import Path

PACKAGE = "include"
JOBS = ("include.glue.s3_to_redshift", "include.glue.score_leads")
PACKAGES = ("contract", "features")
"""A champion's pickle may name any module of them."""
EPOCH = (1980, 1, 1, 0, 0, 0)


def code_zip() -> bytes:
    """Return a zip of the project's modules that the jobs need, those that they import included, and no others.

    So nothing of the project has to run on Glue's older Python but what the jobs really use. PACKAGES go along
    whole. The same code gives the same bytes.
    """
    content = BytesIO()
    with (
        as_file(package_files(PACKAGE)) as root,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        files = _needed_files(JOBS, root)
        for package in PACKAGES:
            files |= set((root / package).rglob("*.py"))
        for file in sorted(files):
            entry = zipfile.ZipInfo(
                file.relative_to(root.parent).as_posix(), date_time=EPOCH
            )
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    return content.getvalue()


def _needed_files(jobs: Iterable[str], root: Path) -> set[Path]:
    """Return the files of the jobs, of the packages that they lie in, and of all that they import of the project."""
    files: set[Path] = set()
    modules = list(jobs)
    while modules:
        module = modules.pop()
        file = _source_file(module, root)
        if file is None or file in files:
            continue
        files.add(file)
        if "." in module:
            modules.append(module.rpartition(".")[0])
        modules += _imported_names(file)
    return files


def _source_file(module: str, root: Path) -> Path | None:
    """Return the module's source; None for a name inside a module, or another project's module."""
    path = root.parent / module.replace(".", "/")
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file() and file.is_relative_to(root):
            return file
    return None


def _imported_names(file: Path) -> Iterator[str]:
    """Yield every module that the file imports, and every name from one, which may be a module too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
