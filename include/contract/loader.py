"""Reads a contract from YAML; every mistake in it is one error naming file, column and key."""

import logging
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from include.contract.errors import ContractError
from include.contract.format.compile import (
    compile_contract,
    with_named_columns,
)
from include.contract.format.document import ContractDocument
from include.contract.format.explain import explain
from include.contract.format.unification import with_sources
from include.contract.model import Contract

log = logging.getLogger(__name__)

# libyaml's parser takes an eighth of the time. Every contract in force is read at once where they are checked.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UniqueKeyLoader(_SafeLoader):  # type: ignore[misc] # a loader of its own where libyaml is not there
    """Refuse a mapping with the same key twice, which YAML itself lets pass; else a SafeLoader."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ContractError(
                    f"{self._place(node)}: the key {key!r} stands twice"
                )
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def _place(self, node: yaml.MappingNode) -> str:
        """Return the line of a mapping, and the column that it describes if it does."""
        line = f"line {node.start_mark.line + 1}"
        for key, value in node.value:
            if key.value == "name":
                return f"{line} column {value.value!r}"
        return line


@lru_cache(maxsize=8)
def load_contract(name: str) -> Contract:
    """Return the contract called `name` in include/contract/, or the one in the YAML file at path `name`.

    Raises:
        ContractError: the file is absent, is not YAML, or breaks the model of `include.contract.model`.
    """
    path = _path(name)
    try:
        content = yaml.load(
            path.read_text(encoding="utf-8"),
            Loader=_UniqueKeyLoader,  # noqa: S506 - a SafeLoader
        )
    except FileNotFoundError:
        raise ContractError(
            f"{path}: no such contract file; set LEADS_CONTRACT to a name or a path"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: not readable as YAML: {error}") from error
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from None
    if isinstance(content, dict) and "format" not in content:
        log.warning(
            "%s: a contract of format 1; `make contract UPGRADE=%s` writes it in format 2",
            path,
            path,
        )
    return parse_contract(content, source=str(path))


def _path(name: str) -> Path:
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    folder = Path(str(files("include.contract")))
    return folder / f"{name}.yaml"


def parse_contract(content: object, source: str) -> Contract:
    """Return a contract from parsed YAML or JSON, of format 2 or 1; `source` is what errors call it.

    Raises:
        ContractError: each mistake on a line of its own.
    """
    if isinstance(content, dict) and "format" in content:
        content = _compiled(content, source)
    try:
        return Contract.model_validate(content)
    except ValidationError as error:
        raise ContractError(
            explain(source, content, error, Contract)
        ) from error


def _compiled(content: dict[str, Any], source: str) -> dict[str, Any]:
    """Return what the contract of format 2 means."""
    if content["format"] != 2:
        raise ContractError(
            f"{source}: key 'format': format {content['format']!r} is not known; this project reads 2, and contracts "
            "without the key as format 1"
        )
    try:
        document = ContractDocument.model_validate(content)
    except ValidationError as error:
        raise ContractError(
            explain(source, content, error, ContractDocument)
        ) from error
    try:
        compiled = with_sources(document, compile_contract(document))
        return with_named_columns(document, compiled)
    except ValueError as error:
        raise ContractError(f"{source}: {error}") from error
