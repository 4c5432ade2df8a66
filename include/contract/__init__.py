"""What a lead is: YAML files, their model, the rules of a cell, and what is derived from them.

May import settings, decisions and errors of the project, nothing else. The names below are imported when they are first
used: the ingestion job needs `include.contract.cells`, and has neither pydantic nor PyYAML.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.contract.decided import decisions_of
    from include.contract.errors import ContractError
    from include.contract.loader import load_contract, parse_contract
    from include.contract.model import (
        DEFAULT_NULL_TOKENS,
        Column,
        Contract,
        KnownAt,
    )

__all__ = [
    "DEFAULT_NULL_TOKENS",
    "Column",
    "Contract",
    "ContractError",
    "KnownAt",
    "decisions_of",
    "load_contract",
    "parse_contract",
]

_MODULES = {
    "DEFAULT_NULL_TOKENS": "model",
    "Column": "model",
    "Contract": "model",
    "ContractError": "errors",
    "KnownAt": "model",
    "decisions_of": "decided",
    "load_contract": "loader",
    "parse_contract": "loader",
}


def __getattr__(name: str) -> Any:
    """Return a name of `__all__` from the module that defines it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
