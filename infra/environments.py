"""Describe an environment (dev, prod): every template's parameters, from settings, its file and earlier stacks.

Its file is `stages/<name>.yaml`, and the command lines call it a stage.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from include.contract import load_contract
from include.contract.in_force import contracts_in_force
from include.settings import Setting, all_settings, settings
from infra.contract_rules import Contracts, with_contracts
from infra.errors import DeploymentError

HERE = Path(__file__).parent
STAGES = HERE / "stages"
TEMPLATES = HERE / "templates"
LAYERS = (
    "network",
    "storage",
    "alerts",
    "warehouse",
    "roles",
    "glue",
    "tracking",
    "sagemaker",
    "airflow",
    "api",
    "ci",
)
"""The stacks in the order in which they are created; a layer takes the outputs of those before it."""
SETTINGS_ALONE = ("PromotionFourEyes",)
"""Settings that a stage's file may give to the code on MWAA and that no template needs."""


class _Template(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, each read as {tag: value}."""


def _short_form(
    loader: yaml.SafeLoader, tag: str, node: yaml.Node
) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {tag: value}


_Template.add_multi_constructor("!", _short_form)


@cache
def template(layer: str) -> dict[str, Any]:
    """Return the parsed template of a layer."""
    parsed: dict[str, Any] = yaml.load(template_body(layer), Loader=_Template)  # noqa: S506 - a SafeLoader
    return parsed


def template_body(layer: str, contracts: Contracts | None = None) -> str:
    """Return the template of a layer as text.

    Args:
        layer: its name.
        contracts: what is in force besides the stage's own contract, name to prefix.
    """
    body = (TEMPLATES / f"{layer}.yaml").read_text(encoding="utf-8")
    return with_contracts(body, contracts or {})


def template_with(layer: str, contracts: Contracts) -> dict[str, Any]:
    """Return the parsed template of a layer, for further contracts too."""
    body = template_body(layer, contracts)
    parsed: dict[str, Any] = yaml.load(body, Loader=_Template)  # noqa: S506 - a SafeLoader
    return parsed


@dataclass(frozen=True)
class Environment:
    """One environment in one account.

    Attributes:
        name: of the stage.
        account: its number.
        values: parameters by name, every value as text.
        contracts: what is in force besides the stage's own contract, name to prefix.
    """

    name: str
    account: str
    values: dict[str, str] = field(default_factory=dict)
    contracts: Contracts = field(default_factory=dict)

    def stack(self, layer: str) -> str:
        """Return the name of a layer's stack."""
        return f"lead-conversion-{self.name}-{layer}"

    def __getitem__(self, parameter: str) -> str:
        """Return the value of a parameter. Raises KeyError."""
        return self.values[parameter]

    @property
    def file(self) -> str:
        """Return the path of the file that describes it, as messages name it."""
        return f"infra/stages/{self.name}.yaml"

    @property
    def layers(self) -> tuple[str, ...]:
        """Return its layers in order; `ci` only where a repository is named that deploys."""
        if self.values.get("GithubRepository"):
            return LAYERS
        return tuple(layer for layer in LAYERS if layer != "ci")

    @property
    def keeps_data(self) -> bool:
        """Tell whether leads, models and their key outlive the stacks."""
        return self["Retention"] == "Retain"

    def parameters(self, layer: str, outputs: dict[str, str]) -> dict[str, str]:
        """Return a layer's parameters: earlier stacks' outputs, then own values; the rest has a default.

        Raises:
            DeploymentError: a parameter without any value.
        """
        declared = template(layer)["Parameters"]
        values = self.values | outputs
        missing = [
            name
            for name, spec in declared.items()
            if name not in values and "Default" not in spec
        ]
        if missing:
            raise DeploymentError(
                f"layer {layer} needs {', '.join(missing)}: set it in {self.file}, or create the layers before it"
            )
        return {name: values[name] for name in declared if name in values}


def load_environment(name: str, account: str, **overrides: str) -> Environment:
    """Read the environment described in `stages/<name>.yaml`, with the settings' own defaults below it.

    Raises:
        DeploymentError: no such environment, or a parameter that no template has.
        ContractError: the contract that it names cannot be read.
    """
    file = STAGES / f"{name}.yaml"
    if not re.fullmatch(r"[a-z0-9]{2,12}", name) or not file.is_file():
        raise DeploymentError(
            f"no stage {name!r}: stages are {', '.join(environment_names())}"
        )
    description = yaml.safe_load(file.read_text(encoding="utf-8"))
    unknown = set(description) - _parameter_names()
    if unknown:
        raise DeploymentError(
            f"{file.name}: no template has a parameter {', '.join(sorted(unknown))}; correct its name"
        )
    values = dict(_setting_defaults())
    for parameter, value in description.items():
        values[parameter] = str(value).replace("{account}", account)
    values |= {"Stage": name} | overrides
    contract = load_contract(values["Contract"])
    return Environment(
        name,
        account,
        {"ContractPrefix": contract.names.prefix} | values,
        _further_contracts(values["Contract"]),
    )


def _further_contracts(default: str) -> dict[str, str]:
    """Return name and prefix of every contract that ships besides the default one.

    Raises:
        ContractError: a contract's file is broken, or two contracts share something.
    """
    shipped = settings().model_copy(
        update={"contract": default, "contracts_folder": ""}
    )
    _, *others = contracts_in_force(shipped).items()
    return {name: contract.names.prefix for name, contract in others}


def environment_names() -> list[str]:
    """Return the names of the environments that are described, sorted."""
    return sorted(path.stem for path in STAGES.glob("*.yaml"))


def airflow_variables(
    environment: Environment, outputs: dict[str, str], region: str
) -> dict[str, str]:
    """Return the variables by which the project's code on MWAA knows the environment's names."""
    variables = {}
    for name, default in _setting_defaults().items():
        if environment[name] != default:
            variables[f"LEADS_{_snake(name).upper()}"] = environment[name]
    image = f"{outputs['RepositoryUri']}:{environment['ImageTag']}"
    subnets = [outputs["PrivateSubnetA"], outputs["PrivateSubnetB"]]
    return variables | {
        "LEADS_REGION": region,
        "LEADS_TRAINING_IMAGE": image,
        "LEADS_ENDPOINT_IMAGE": image,
        "LEADS_TRAINING_KMS_KEY": outputs["KeyArn"],
        "LEADS_ENDPOINT_KMS_KEY": outputs["KeyArn"],
        "LEADS_TRAINING_SUBNETS": json.dumps(subnets),
        "LEADS_TRAINING_SECURITY_GROUPS": json.dumps(
            [outputs["SecurityGroup"], outputs["MlflowClients"]]
        ),
        "MLFLOW_TRACKING_URI": outputs["MlflowTrackingUri"],
        "LEADS_MLFLOW_CERTIFICATE": outputs["MlflowCertificateUri"],
        "LEADS_MLFLOW_SECRET": outputs["MlflowWriterSecret"],
        "OMP_NUM_THREADS": "1",
    }


def startup_script(variables: Mapping[str, str]) -> str:
    """Write MWAA's startup.sh: the variables, quoted and in order, so that equal variables give equal bytes."""
    lines = [
        "#!/bin/sh",
        "# Made from the stage's parameters and stacks: what the code reads through include/settings.py.",
    ]
    for name, value in sorted(variables.items()):
        lines.append(f"export {name}={shlex.quote(value)}")
    return "\n".join(lines) + "\n"


def _parameter_names() -> set[str]:
    names = {"Contract", "ImageTag", *SETTINGS_ALONE}
    for layer in LAYERS:
        names.update(template(layer)["Parameters"])
    return names


@cache
def _setting_defaults() -> Mapping[str, str]:
    """Return the defaults of settings that are a template's parameter: GlueJob for the variable LEADS_GLUE_JOB."""
    names = _parameter_names()
    defaults = {}
    for setting in all_settings():
        name = _parameter_name(setting)
        if name in names:
            defaults[name] = str(setting.default)
    return defaults


def _parameter_name(setting: Setting) -> str:
    words = setting.variables[0].removeprefix("LEADS_").split("_")
    return "".join(word.title() for word in words)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
