"""Write a contract of format 1 in format 2: the same meaning, fewer lines, and the comments where they stood."""

import warnings
from pathlib import Path
from typing import Any

import yaml

from include.contract import Contract, ContractError, parse_contract
from include.contract.format.block import NESTED
from include.contract.format.compile import (
    default_names,
    field_of_heading,
    words,
)
from include.contract.model import DEFAULT_NULL_TOKENS, Column
from onboarding.errors import UpgradeError
from onboarding.yaml_edits import (
    YamlText,
    as_mapping,
    entries_of,
    flow_style,
    indented,
)


def upgrade_file(path: Path) -> str:
    """Write the contract at a path anew, and return what was done as one line.

    Raises:
        UpgradeError: the file is no contract of format 1, or format 2 cannot say what it says.
        FileNotFoundError: there is no such file.
    """
    text = path.read_text(encoding="utf-8")
    upgraded = upgraded_text(text, str(path))
    path.write_text(upgraded, encoding="utf-8")
    before = len(text.splitlines())
    after = len(upgraded.splitlines())
    return f"{path}: format 2 now, {after} lines in place of {before}; the compiled contract is the same"


def upgraded_text(text: str, source: str) -> str:
    """Return the text of a contract in format 2.

    Args:
        text: of a contract of format 1.
        source: what errors call it.

    Raises:
        UpgradeError: it is no contract of format 1, or the result would not be equal to it once compiled.
    """
    contract = _read(text, source)
    edits = YamlText(text)
    root = edits.root
    entries = entries_of(root)
    edits.changes.append((root.start_mark.index,) * 2 + ("format: 2\n",))
    _upgrade_names(edits, contract)
    _upgrade_null_tokens(edits, contract)
    label = contract.column(contract.label)
    outcome = yaml_value(label.name)
    edits.replace(
        entries["label"],
        f"outcomes:\n  - name: {contract.label}\n    column: {outcome}",
    )
    _upgrade_decisions(edits, contract)
    for node in entries["columns"][1].value:
        _upgrade_column(edits, contract, node)
    upgraded = edits.result()
    _check_equal(contract, upgraded, source)
    return upgraded


def yaml_value(value: Any) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(
        value,
        default_flow_style=True,
        allow_unicode=True,
        width=10**6,
        sort_keys=False,
    )
    return text.removesuffix("\n...\n").strip()


def _read(text: str, source: str) -> Contract:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UpgradeError(f"{source}: not readable as YAML: {error}") from None
    if isinstance(content, dict) and "format" in content:
        raise UpgradeError(
            f"{source}: it is of format {content['format']} already"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return parse_contract(content, source)
        except ContractError as error:
            raise UpgradeError(
                f"it must be a correct contract before it is upgraded: {error}"
            ) from error


def _check_equal(contract: Contract, upgraded: str, source: str) -> None:
    """Raise UpgradeError where the text means another contract."""
    try:
        compiled = parse_contract(yaml.safe_load(upgraded), source)
    except (ContractError, yaml.YAMLError) as error:
        raise UpgradeError(
            f"{source}: format 2 cannot be written for it: {error}"
        ) from error
    if compiled == contract:
        return
    parts = [
        name
        for name in Contract.model_fields
        if getattr(compiled, name) != getattr(contract, name)
    ]
    raise UpgradeError(
        f"{source}: in format 2 it would differ in {', '.join(parts)}; nothing was written"
    )


def _upgrade_names(edits: YamlText, contract: Contract) -> None:
    """Leave out the names that follow from the contract's name; write an empty prefix, which is the default no more."""
    entry = entries_of(edits.root)["names"]
    mapping = as_mapping(entry[1])
    derived = default_names(contract.contract)
    names = contract.names.model_dump()
    own = {
        name: value for name, value in names.items() if value != derived[name]
    }
    if not own:
        edits.remove(edits.root, {"names"})
        return
    edits.remove(mapping, set(derived) - set(own))
    if own.get("prefix") != "" or "prefix" in entries_of(mapping):
        return
    if mapping.flow_style:
        edits.replace(entry, f"names: {yaml_value(own)}")
        return
    first = mapping.value[0][0]
    column = first.start_mark.column
    edits.changes.append(
        (
            first.start_mark.index,
            first.start_mark.index,
            'prefix: ""\n' + " " * column,
        )
    )


def _upgrade_null_tokens(edits: YamlText, contract: Contract) -> None:
    """Move the tokens into the block `files`; leave out the default ones."""
    entries = entries_of(edits.root)
    if "null_tokens" not in entries:
        return
    if contract.null_tokens == DEFAULT_NULL_TOKENS:
        edits.remove(edits.root, {"null_tokens"})
        return
    entry = entries["null_tokens"]
    written = yaml_value(list(contract.null_tokens))
    if flow_style(entry[1]):
        written = indented(edits.source(entry[1]), 2)
    tokens = f"null_tokens: {written}"
    if "files" not in entries:
        edits.replace(entry, f"files:\n  {tokens}")
        return
    files = contract.files.model_dump(exclude_unset=True)
    files["null_tokens"] = list(contract.null_tokens)
    edits.replace(entries["files"], f"files: {yaml_value(_plain(files))}")
    edits.remove(edits.root, {"null_tokens"})


def _plain(value: Any) -> Any:
    """Return tuples as lists, which YAML knows."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value


def _upgrade_decisions(edits: YamlText, contract: Contract) -> None:
    """Nest what belongs together, and name the protected columns."""
    entries = entries_of(edits.root)
    protected = [
        column.field for column in contract.columns if column.protected
    ]
    line = f"protected: {yaml_value(protected)}"
    if "decisions" not in entries:
        if protected:
            begin = entries["columns"][0].start_mark.index
            edits.changes.append((begin, begin, f"decisions:\n  {line}\n\n"))
        return
    block = as_mapping(entries["decisions"][1])
    if block.flow_style:
        if protected:
            edits.replace(
                entries["decisions"],
                f"decisions:\n  {line}\n  "
                + "\n  ".join(
                    f"{key.value}: {edits.source(value)}"
                    for key, value in block.value
                ),
            )
        return
    begin = block.value[0][0].start_mark.index
    spaces = block.value[0][0].start_mark.column
    if protected:
        edits.changes.append((begin, begin, f"{line}\n{' ' * spaces}"))
    _nest(edits, block, spaces)


def _nest(edits: YamlText, block: yaml.MappingNode, spaces: int) -> None:
    """Write entries that follow one another and belong together below one key."""
    places: dict[str, tuple[str, str]] = {}
    for part, keys in NESTED.items():
        for key, name in keys.items():
            places[name] = (part, key)
    opened: list[str] = []
    for entry in block.value:
        part, key = places.get(entry[0].value, ("", ""))
        value = edits.source(entry[1])
        whole_line = entry[1].start_mark.line == entry[1].end_mark.line
        closed = part in opened and part != opened[-1]
        if not part or not whole_line or closed:
            opened.append("")
            continue
        head = "" if opened and part == opened[-1] else f"{part}:\n"
        opened.append(part)
        margin = " " * (spaces + 2) if head else "  "
        edits.replace(entry, f"{head}{margin}{key}: {value}")


def _upgrade_column(
    edits: YamlText, contract: Contract, node: yaml.MappingNode
) -> None:
    """Leave out what follows from the header."""
    field = entries_of(node)["field"][1].value
    column = contract.column(field)
    unneeded = {"protected"} | _derived_keys(column)
    if field == contract.label:
        unneeded = {"protected", "field", "minimum", "maximum"}
    edits.remove(node, unneeded)


def _derived_keys(column: Column) -> set[str]:
    """Return the keys of a column whose values format 2 derives."""
    derived = {
        "field": field_of_heading(column.name),
        "label": words(column.name),
        "description": f"{column.label}.",
    }
    return {
        key for key, value in derived.items() if getattr(column, key) == value
    }
