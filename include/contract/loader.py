"""Reads a contract from YAML; every mistake in it is one error naming file, column and key."""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from include.contract.errors import ContractError
from include.contract.model import Contract


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a mapping with the same key twice, which YAML itself lets pass."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ContractError(f"{self._called(node)}: the key {key!r} stands twice")
        return super().construct_mapping(node, deep=deep)

    def _called(self, node: yaml.MappingNode) -> str:
        names = [value.value for key, value in node.value if key.value == "name"]
        return " ".join((f"line {node.start_mark.line + 1}", *(f"column {name!r}" for name in names[:1])))


@lru_cache(maxsize=8)
def load_contract(name: str) -> Contract:
    """The contract called `name` in include/contract/, or the one in the YAML file at path `name`.

    Raises:
        ContractError: the file is absent, is not YAML, or breaks the model of `include.contract.model`.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else Path(str(files("include.contract"))) / f"{name}.yaml"
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise ContractError(f"{path}: no such contract file; set LEADS_CONTRACT to a name or a path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: not readable as YAML: {error}") from error
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from None
    return parse_contract(content, source=str(path))


def parse_contract(content: object, source: str) -> Contract:
    """A contract from parsed YAML or JSON; `source` is what errors call it."""
    try:
        return Contract.model_validate(content)
    except ValidationError as error:
        raise ContractError("\n".join(_explain(source, content, problem) for problem in error.errors())) from error


def _explain(source: str, content: object, problem: Any) -> str:
    location = list(problem["loc"])
    where = source
    if location[:1] == ["columns"] and len(location) > 1 and isinstance(content, dict):
        column = content["columns"][location[1]]
        where += f": column {column.get('name', location[1])!r}" if isinstance(column, dict) else f": {location[1]}"
        location = location[2:]
    if location:
        where += f": key {'.'.join(map(str, location))!r}"
    return f"{where}: {problem['msg']} (got {problem['input']!r:.80})"
