"""A stage (dev, prod): every template's parameters, from the settings' names, the stage's file and earlier stacks."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from include.settings import Setting, all_settings

HERE = Path(__file__).parent
STAGES = HERE / "stages"
TEMPLATES = HERE / "templates"
LAYERS = (
    "network", "storage", "alerts", "warehouse", "roles", "glue", "tracking", "sagemaker", "airflow", "api", "ci",
)  # fmt: skip
"""The stacks in the order in which they are created; a layer takes the outputs of those before it."""


class StageError(ValueError):
    """A stage that cannot be deployed as it is described; nothing has been changed."""


class _Template(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, each read as {tag: value}."""


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
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
    """The parsed template of a layer."""
    parsed: dict[str, Any] = yaml.load(template_body(layer), Loader=_Template)  # noqa: S506 - a SafeLoader
    return parsed


def template_body(layer: str) -> str:
    """The template of a layer as text."""
    return (TEMPLATES / f"{layer}.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Stage:
    """One stage of one account. `given` are parameters by name, every value as text."""

    name: str
    account: str
    given: dict[str, str] = field(default_factory=dict)

    def stack(self, layer: str) -> str:
        """Name of a layer's stack."""
        return f"lead-conversion-{self.name}-{layer}"

    def __getitem__(self, parameter: str) -> str:
        """Value of a parameter. Raises KeyError."""
        return self.given[parameter]

    @property
    def layers(self) -> tuple[str, ...]:
        """Its layers in order; `ci` only where a repository is named that deploys."""
        return LAYERS if self.given.get("GithubRepository") else tuple(layer for layer in LAYERS if layer != "ci")

    @property
    def keeps_data(self) -> bool:
        """Whether leads, models and their key outlive the stacks."""
        return self["Retention"] == "Retain"

    def parameters(self, layer: str, outputs: dict[str, str]) -> dict[str, str]:
        """What a layer's template is given: earlier stacks' outputs, then the stage's values, else its own default.

        Raises:
            StageError: a parameter without any value.
        """
        wanted = template(layer)["Parameters"]
        known = self.given | outputs
        missing = [name for name, spec in wanted.items() if name not in known and "Default" not in spec]
        if missing:
            where = f"infra/stages/{self.name}.yaml"
            raise StageError(
                f"layer {layer} needs {', '.join(missing)}: set it in {where}, or create the layers before it"
            )
        return {name: known[name] for name in wanted if name in known}


def load_stage(name: str, account: str, **overrides: str) -> Stage:
    """The stage described in `stages/<name>.yaml`, with the settings' own defaults below it.

    Raises:
        StageError: no such stage, or a parameter that no template has.
    """
    file = STAGES / f"{name}.yaml"
    if not re.fullmatch(r"[a-z0-9]{2,12}", name) or not file.is_file():
        raise StageError(
            f"no stage {name!r}: stages are {', '.join(sorted(path.stem for path in STAGES.glob('*.yaml')))}"
        )
    described = yaml.safe_load(file.read_text(encoding="utf-8"))
    unknown = set(described) - _parameter_names()
    if unknown:
        raise StageError(f"{file.name}: no template has a parameter {', '.join(sorted(unknown))}; correct its name")
    texts = {key: str(value).replace("{account}", account) for key, value in described.items()}
    return Stage(name, account, _setting_defaults() | texts | {"Stage": name} | overrides)


def airflow_environment(stage: Stage, outputs: dict[str, str], region: str) -> dict[str, str]:
    """The environment variables by which the project's code on MWAA knows this stage's names."""
    defaults = _setting_defaults()
    named = {f"LEADS_{_snake(name).upper()}": stage[name] for name in defaults if stage[name] != defaults[name]}
    subnets = [outputs["PrivateSubnetA"], outputs["PrivateSubnetB"]]
    return named | {
        "LEADS_REGION": region,
        "LEADS_TRAINING_IMAGE": f"{outputs['RepositoryUri']}:{stage['ImageTag']}",
        "LEADS_ENDPOINT_IMAGE": f"{outputs['RepositoryUri']}:{stage['ImageTag']}",
        "LEADS_TRAINING_SUBNETS": json.dumps(subnets),
        "LEADS_TRAINING_SECURITY_GROUPS": json.dumps([outputs["SecurityGroup"]]),
        "MLFLOW_TRACKING_URI": outputs["MlflowTrackingUri"],
        "OMP_NUM_THREADS": "1",
    }


def startup_script(environment: Mapping[str, str]) -> str:
    """MWAA's startup.sh: the variables, quoted and in order, so that the same stage gives the same bytes."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items())]
    return "\n".join(
        (
            "#!/bin/sh",
            "# Made from the stage's parameters and stacks: what the code reads through include/settings.py.",
            *lines,
            "",
        )
    )


def _parameter_names() -> set[str]:
    own = {"ImageTag"}
    return own.union(*(template(layer)["Parameters"] for layer in LAYERS))


@cache
def _setting_defaults() -> dict[str, str]:
    """Defaults of the settings that are a template's parameter, by the parameter's name: GlueJob for glue_job."""
    names = _parameter_names()
    defaults = {_pascal(_flat_name(setting)): setting.default for setting in all_settings()}
    return {name: str(default) for name, default in defaults.items() if name in names}


def _flat_name(setting: Setting) -> str:
    """Return `glue_job` for the setting whose variable is LEADS_GLUE_JOB."""
    return setting.variables[0].removeprefix("LEADS_").lower()


def _pascal(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
