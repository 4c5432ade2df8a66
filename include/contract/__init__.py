"""The lead contract: YAML files, their model and what is derived from them."""

from include.contract.errors import ContractError
from include.contract.loader import load_contract, parse_contract
from include.contract.model import Column, Contract, KnownAt

__all__ = ["Column", "Contract", "ContractError", "KnownAt", "load_contract", "parse_contract"]
