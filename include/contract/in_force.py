"""Say which contracts are in force, and keep them apart.

One contract is the default: the setting `contract` names it. The others are the YAML files in this folder and in that
of the setting `contracts_folder`. DAG files call `names_in_force` while they are parsed, so this module imports neither
pydantic nor PyYAML before a contract is asked for.
"""

import re
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from include.contract.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.contract.model import Contract
    from include.settings import S3Settings, Settings

HERE = Path(__file__).parent
ENDINGS = (".yaml", ".yml")
NAME = re.compile(r"[a-z][a-z0-9_]{0,38}[a-z0-9]")
"""Fits a DAG id, an S3 key, a Glue job, and with dashes the 63 letters of a SageMaker endpoint."""
PLAIN = re.compile(r"\w(?:[\w .-]*\w)?")
"""What a model or an experiment may be called: a name with a quote or a slash would mean something elsewhere."""
RESERVED = frozenset(
    {
        "desk",
        "docs",
        "feedback",
        "healthz",
        "invocations",
        "metrics",
        "model",
        "ping",
        "predict",
        "readyz",
        "static",
    }
)
"""Routes of the scoring API: under such a name a contract could not be told from a route of the default one."""
STAGES = ("contact", "engagement", "capture")
PREFIXES = (
    "raw_prefix",
    "processed_prefix",
    "artifacts_prefix",
    "quarantine_prefix",
    "reports_prefix",
    "scripts_prefix",
    "feedback_prefix",
)


def default_name(contract: str) -> str:
    """Return the name of the default contract, from the setting `contract`: a name, or the path of a YAML file."""
    return Path(contract).stem if contract.endswith(ENDINGS) else contract


def names_in_force(contract: str, folder: str = "") -> list[str]:
    """Return the names of the contracts in force: the default one first, then the others in order.

    A file whose name cannot be a contract's is left out; `problems` names it.

    Args:
        contract: setting `contract`.
        folder: setting `contracts_folder`.
    """
    default = default_name(contract)
    others = {file.stem for file in _files(folder) if NAME.fullmatch(file.stem)}
    return [default, *sorted(others - {default})]


def settings_of(settings: "Settings", name: str) -> "Settings":
    """Return the settings with the names that belong to one contract.

    The default contract has the settings' own names. Another one has its own crawler, Glue jobs and endpoint, so that
    no run of one contract waits for, changes or replaces what serves another.

    Args:
        settings: of the process.
        name: of a contract; "" means the default one.

    Raises:
        ContractError: no such contract is in force.
    """
    if name in ("", default_name(settings.contract)):
        return settings
    file = _file_of(settings, name)
    source = name if file == HERE / f"{name}.yaml" else str(file)
    glue = settings.glue.model_copy(
        update={
            "crawler": f"{settings.glue.crawler}-{name}",
            "table_prefix": f"{name}_",
            "job": f"{settings.glue.job}-{name}",
            "scoring_job": f"{settings.glue.scoring_job}-{name}",
        }
    )
    endpoint = settings.endpoint.model_copy(
        update={"name": endpoint_name(settings.endpoint.name, name)}
    )
    return settings.model_copy(
        update={"contract": source, "glue": glue, "endpoint": endpoint}
    )


def endpoint_name(default: str, contract: str) -> str:
    """Return the name of a further contract's SageMaker endpoint, which may have no `_`.

    Args:
        default: name of the default contract's endpoint.
        contract: name of the further contract.
    """
    words = contract.replace("_", "-")
    return f"{default}-{words}"


def contract_in_force(settings: "Settings", name: str = "") -> "Contract":
    """Return a contract in force, by its name; "" means the default one.

    Another contract than the default is read only where it is apart from every other one that can be read. So a file
    that names another's table or prefix touches nothing of it, whatever its DAGs are asked to do.

    Raises:
        ContractError: the file cannot be used, or the contract is not apart from another one.
    """
    if name in ("", default_name(settings.contract)):
        return _load(settings.contract)
    return _load_apart(settings, name)


def contracts_in_force(settings: "Settings") -> "dict[str, Contract]":
    """Return every contract in force by its name, the default one first.

    Raises:
        ContractError: the message names each broken file and its mistake, and every two contracts that share something.
    """
    contracts, broken = _read_all(settings)
    mistakes = [*broken.values(), *misnamed_files(settings)]
    default = default_name(settings.contract)
    for name, contract in contracts.items():
        if name != default:  # whose file the setting may call by any path
            mistakes += _mistakes_of(name, contract)
    for one, other in combinations(contracts.values(), 2):
        mistakes += _shared(one, other, settings.s3)
    if mistakes:
        raise ContractError("\n".join(mistakes))
    return contracts


def check_apart(contracts: "Iterable[Contract]", s3: "S3Settings") -> None:
    """Make sure that no two contracts share a name, a table, a model, an experiment or a prefix.

    Raises:
        ContractError: the message names the contracts and what they share.
    """
    shared: list[str] = []
    for left_contract, right_contract in combinations(contracts, 2):
        shared += _shared(left_contract, right_contract, s3)
    if shared:
        raise ContractError("\n".join(shared))


def misnamed_files(settings: "Settings") -> list[str]:
    """Return a sentence for each file in the folders of contracts that no contract can be called after."""
    mistakes = []
    files: dict[str, Path] = {}
    for file in _files(settings.contracts_folder):
        if not NAME.fullmatch(file.stem):
            mistakes.append(
                f"{file}: call the file like its contract, with 2 to 40 of a-z, 0-9 and _, such as partners.yaml"
            )
        elif file.stem in files:
            mistakes.append(
                f"{file}: {files[file.stem]} is a contract of the same name; rename one of them"
            )
        files.setdefault(file.stem, file)
    folder = settings.contracts_folder
    if folder and not Path(folder).is_dir():
        mistakes.append(
            f"{folder}: no such folder; correct LEADS_CONTRACTS_FOLDER"
        )
    return mistakes


def check_source(settings: "Settings", name: str, uri: str) -> None:
    """Make sure that a folder to ingest is not another contract's.

    Args:
        settings: of the process.
        name: of the contract that ingests; "" means the default one.
        uri: S3 URI of the folder. What lies outside the project's bucket is no contract's.

    Raises:
        ContractError: the folder lies inside another contract's prefix.
    """
    bucket = f"s3://{settings.s3.bucket}/"
    if not uri.startswith(bucket):
        return
    key = uri.removeprefix(bucket)
    contracts, _ = _read_all(settings)
    own_name = name or default_name(settings.contract)
    for other_name, contract in contracts.items():
        prefix = contract.names.prefix
        if other_name != own_name and any(
            key.startswith(folder) for folder in _folders(prefix, settings.s3)
        ):
            raise ContractError(
                f"{uri} belongs to contract {other_name}; contract {own_name} does not read it"
            )


def tables_of(contract: "Contract") -> list[str]:
    """Return the tables and views of a contract, without their schema (include.warehouse.templates)."""
    table = contract.names.table
    tables = [table, f"{table}_staging", contract.names.promotions_table]
    for view in contract.views:
        names = view.names
        tables += [
            names.scores_table,
            f"{names.scores_table}_current",
            names.drift_table,
            names.feedback_table,
            f"{names.feedback_table}_staging",
            f"{names.feedback_table}_withdrawals",
        ]
    return tables


@lru_cache(maxsize=32)
def _checked(contract: str, folder: str, name: str) -> str:
    """Return why a contract must not be used, "" where it may; found once in a process."""
    from include.settings import settings

    current = settings().model_copy(
        update={"contract": contract, "contracts_folder": folder}
    )
    contracts, _ = _read_all(current)
    contract_read = contracts[name]
    mistakes = _mistakes_of(name, contract_read)
    for other_name, other in contracts.items():
        if other_name != name:
            mistakes += _shared(contract_read, other, current.s3)
    return "\n".join(mistakes)


def _load_apart(settings: "Settings", name: str) -> "Contract":
    """Return another contract than the default. Raises ContractError where it is broken or shares something."""
    contract = _load(str(_file_of(settings, name)))
    mistakes = _checked(settings.contract, settings.contracts_folder, name)
    if mistakes:
        raise ContractError(mistakes)
    return contract


def _load(name: str) -> "Contract":
    from include.contract.loader import load_contract

    return load_contract(name)


def _files(folder: str) -> "Iterator[Path]":
    """Yield the YAML files in this folder and in the one that the settings name, in order."""
    for place in (HERE, Path(folder) if folder else None):
        if place is not None and place.is_dir():
            yield from sorted(
                file for file in place.iterdir() if file.suffix in ENDINGS
            )


def _file_of(settings: "Settings", name: str) -> Path:
    """Return the file of a contract other than the default. Raises ContractError where there is none."""
    for file in _files(settings.contracts_folder):
        if file.stem == name and NAME.fullmatch(name):
            return file
    names = names_in_force(settings.contract, settings.contracts_folder)
    raise ContractError(
        f"no contract {name!r} is in force: there are {', '.join(names)}"
    )


def _read_all(
    settings: "Settings",
) -> "tuple[dict[str, Contract], dict[str, str]]":
    """Return the contracts that can be read, and why the others cannot, both by name."""
    contracts: dict[str, Contract] = {}
    broken: dict[str, str] = {}
    default, *others = names_in_force(
        settings.contract, settings.contracts_folder
    )
    places = {default: settings.contract}
    for name in others:
        places[name] = str(_file_of(settings, name))
    for name, place in places.items():
        try:
            contracts[name] = _load(place)
        except ContractError as error:
            broken[name] = str(error)
    return contracts, broken


def _mistakes_of(name: str, contract: "Contract") -> list[str]:
    """Return what is wrong with the names that a contract gives, whatever other contracts there are."""
    mistakes = []
    if contract.contract != name:
        mistakes.append(
            f"{name}.yaml: key 'contract' is {contract.contract!r}; it must be the file's name, {name!r}"
        )
    if name in RESERVED:
        mistakes.append(
            f"{name}.yaml: {name!r} is a route of the scoring API; call the contract something else"
        )
    names = contract.names
    for key, value in (
        ("model", names.model),
        ("experiment", names.experiment),
    ):
        if not PLAIN.fullmatch(value) or ".." in value:
            mistakes.append(
                f"{name}.yaml: key 'names.{key}' is {value!r}; use letters, digits, spaces, '_', '-' and single '.'"
            )
    return mistakes


def _shared(one: "Contract", other: "Contract", s3: "S3Settings") -> list[str]:
    """Return a sentence for each thing that two contracts share."""
    both = f"contracts {one.contract} and {other.contract}"
    mistakes = []
    if one.contract == other.contract:
        mistakes.append(f"{both}: two files have the same name")
    kinds = (
        ("table", tables_of(one), tables_of(other)),
        ("model", _models(one), _models(other)),
        (
            "experiment",
            _experiments(one),
            _experiments(other),
        ),
    )
    for kind, own_names, other_names in kinds:
        for name in sorted(set(own_names) & set(other_names)):
            mistakes.append(f"{both} share the {kind} {name!r}")
    if _prefixes_overlap(one.names.prefix, other.names.prefix, s3):
        mistakes.append(
            f"{both}: prefix {one.names.prefix!r} and prefix {other.names.prefix!r} are the same, or one lies inside "
            "the other; give one of them a prefix of its own"
        )
    return mistakes


def _models(contract: "Contract") -> list[str]:
    """Return the registered models of all outcomes and stages, in small letters: a database may not tell large ones."""
    models = []
    for view in contract.views:
        model = view.names.model.casefold()
        models.append(model)
        for stage in STAGES[1:]:
            models.append(f"{model}-{stage}")
    return models


def _experiments(contract: "Contract") -> list[str]:
    """Return the experiments of all outcomes, in small letters."""
    return [view.names.experiment.casefold() for view in contract.views]


def _prefixes_overlap(one: str, other: str, s3: "S3Settings") -> bool:
    """Return whether one prefix is the other or lies inside it.

    The empty prefix owns the bucket's own folders (`raw-data/` and so on) and nothing else in it.
    """
    if one and other:
        return one.startswith(other) or other.startswith(one)
    if not one and not other:
        return True
    prefix = one or other
    return any(
        prefix.startswith(folder) or folder.startswith(prefix)
        for folder in _folders("", s3)
    )


def _folders(prefix: str, s3: "S3Settings") -> list[str]:
    """Return the folders of the bucket that a contract with this prefix owns."""
    if prefix:
        return [prefix]
    return [f"{getattr(s3, name)}/" for name in PREFIXES]
