"""Hold what a contract declares of identity, in the form that the matching reads.

rules = rules_of(document.model_dump())     # of include.contract.format.identity.IdentityDocument
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from include.identity.errors import IdentityRulesError
from include.identity.spellings import NORMALISERS, SpellingRules


@dataclass(frozen=True)
class KeyRule:
    """One kind of key.

    Attributes:
        name: what it is called in the contract.
        kind: `id`, `email` or `phone`.
    """

    name: str
    kind: str


@dataclass(frozen=True)
class SourceRule:
    """Where the keys of a source stand.

    Attributes:
        name: of the source.
        defines: whether its rows are records of people; other rows only refer to people.
        columns: name of a key to the columns that hold it.
    """

    name: str
    defines: bool
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class IdentityRules:
    """What a contract declares of identity.

    Attributes:
        keys: strongest first.
        sources: by name.
        max_records: a key of more records than this is no key.
        spelling: how keys are normalised.
    """

    keys: tuple[KeyRule, ...]
    sources: Mapping[str, SourceRule]
    max_records: int
    spelling: SpellingRules

    def strength(self, name: str) -> int:
        """Return the place of a key, 0 for the strongest."""
        return self.names.index(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the keys, strongest first."""
        return tuple(key.name for key in self.keys)

    def kind(self, name: str) -> str:
        """Return the kind of a key."""
        return self.keys[self.strength(name)].kind


def rules_of(declaration: Mapping[str, Any]) -> IdentityRules:
    """Return the rules of a declaration, which `include.contract.format.identity` has checked.

    Args:
        declaration: the fields of an IdentityDocument (`model_dump()`), or the same from JSON.

    Raises:
        IdentityRulesError: a key has a kind that nothing normalises.
    """
    keys = tuple(_key_rule(entry) for entry in declaration["keys"])
    sources = {
        name: _source_rule(name, entry)
        for name, entry in declaration["sources"].items()
    }
    spelling = SpellingRules(
        region=declaration["default_region"],
        dotless_domains=frozenset(declaration["dotless_domains"]),
        domain_aliases=dict(declaration["domain_aliases"]),
        role_names=frozenset(declaration["role_names"]),
    )
    return IdentityRules(
        keys=keys,
        sources=MappingProxyType(sources),
        max_records=declaration["max_records"],
        spelling=spelling,
    )


def _key_rule(entry: Mapping[str, Any]) -> KeyRule:
    kind = entry["kind"]
    if kind not in NORMALISERS:
        kinds = ", ".join(NORMALISERS)
        raise IdentityRulesError(
            f"key {entry['name']!r} has the kind {kind!r}; write one of {kinds}"
        )
    return KeyRule(name=entry["name"], kind=kind)


def _source_rule(name: str, entry: Mapping[str, Any]) -> SourceRule:
    columns = {key: tuple(columns) for key, columns in entry["keys"].items()}
    return SourceRule(
        name=name,
        defines=entry["defines"],
        columns=MappingProxyType(columns),
    )
