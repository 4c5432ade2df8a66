"""docker-compose.yaml, the Dockerfiles and .dockerignore, as far as they can be judged without a Docker Engine."""

import re
import tomllib
from pathlib import Path

import pathspec
import pytest
import yaml
from dotenv import dotenv_values

from demo.compose import ONE_SHOTS
from demo.environment import local_environment
from demo.ports import Ports
from include.settings import Settings

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yaml"
CONTENT = yaml.safe_load(FILE.read_text())
SERVICES = CONTENT["services"]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
BASES = {
    "apache/airflow:3.2.1-python3.12",
    "python:3.12-slim-bookworm",
    "postgres:16",
    "debian:bookworm-slim",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
OTHERWISE_IN_CONTAINERS = {
    "AIRFLOW__CORE__DAGS_FOLDER",
    "AIRFLOW__CORE__PLUGINS_FOLDER",
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__API__BASE_URL",
    "AIRFLOW__API__HOST",
    "AIRFLOW__API__PORT",
}


def instructions(dockerfile, name):
    """Arguments of every instruction of that name, continued lines joined."""
    text = dockerfile.read_text().replace("\\\n", " ")
    return [
        line.removeprefix(name).strip()
        for line in text.splitlines()
        if line.startswith(f"{name} ")
    ]


def filled(text):
    """The text with every variable at its default."""
    return VARIABLE.sub(lambda found: found[2] or "", text)


def published(service):
    """(address, variable, default, port in the container) of every published port."""
    pattern = re.compile(r"([\d.]+):\$\{(\w+):-(\d+)\}:(\d+)")
    return [
        pattern.fullmatch(port).groups()
        for port in SERVICES[service].get("ports", [])
    ]


def copied(dockerfile):
    return [
        source
        for line in instructions(dockerfile, "COPY")
        for source in line.split()[:-1]
    ]


def ignored(path):
    """Whether .dockerignore keeps a path out; its patterns start at the root, unlike .gitignore's."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [
        f"/{line}" for line in lines if line and not line.startswith("#")
    ]
    return pathspec.PathSpec.from_lines("gitignore", patterns).match_file(path)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_health_check_and_starts_again_or_runs_once(name):
    service = SERVICES[name]
    if name in ONE_SHOTS:
        assert (service["restart"], "healthcheck" in service) == ("no", False)
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"


def test_a_first_start_on_a_busy_machine_is_not_called_unhealthy():
    # MLflow's took 180 s there. Compose gives up at the first service that is unhealthy; a success ends the period.
    periods = {
        service["healthcheck"]["start_period"]
        for service in SERVICES.values()
        if "healthcheck" in service
    }
    assert periods == {"300s"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_can_become_ready(name):
    for target, wait in SERVICES[name].get("depends_on", {}).items():
        done = target in ONE_SHOTS
        assert wait["condition"] == (
            "service_completed_successfully" if done else "service_healthy"
        )
        assert done or "healthcheck" in SERVICES[target]
        assert "profiles" not in SERVICES[target], (
            "a service without its profile would not start"
        )


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_and_either_public_or_built_here(name):
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z/-]+:(?!latest)\S+", service["image"])
    assert ("build" in service) != (service["image"] in BASES)


@pytest.mark.parametrize(
    "name", [name for name in SERVICES if "build" in SERVICES[name]]
)
def test_a_build_names_a_dockerfile_and_a_stage_of_it(name):
    build = SERVICES[name]["build"]
    stages = [
        line.split(" AS ")[-1]
        for line in instructions(ROOT / build["dockerfile"], "FROM")
    ]
    assert build.get("target", stages[-1]) in stages


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_a_dockerfile_starts_from_a_public_image_that_is_allowed(dockerfile):
    lines = [
        line.partition(" AS ") for line in instructions(dockerfile, "FROM")
    ]
    assert lines
    stages = {stage for _, _, stage in lines}
    assert {image for image, _, _ in lines} - stages <= BASES


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_a_dockerfile_copies_is_there_and_reaches_the_builder(dockerfile):
    sources = copied(dockerfile)
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if ignored(source)] == []


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_packages_are_installed_before_code_is_copied_and_no_builder_is_asked_too_much(
    dockerfile,
):
    for stage in re.split(
        r"^FROM ", dockerfile.read_text(), flags=re.MULTILINE
    )[1:]:
        code = re.search(
            r"^COPY include\b(?!/\w+/requirements)", stage, flags=re.MULTILINE
        )
        assert "pip install" not in (stage[code.start() :] if code else "")
    assert "--mount" not in dockerfile.read_text(), "only BuildKit knows it"


@pytest.mark.parametrize(
    "name", [name for name in SERVICES if name != "postgres"]
)
def test_no_service_runs_as_root_or_can_become_it(name):
    service = SERVICES[name]
    assert filled(service["user"]).split(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_leaves_root_behind(dockerfile):
    stages = re.split(r"^FROM ", dockerfile.read_text(), flags=re.MULTILINE)[1:]
    used = {
        SERVICES[name]["build"].get("target")
        for name in SERVICES
        if "build" in SERVICES[name]
    }
    for stage in stages:
        name = re.match(r"\S+(?: AS (\S+))?", stage)[1]
        if name in used:
            assert re.findall(r"^USER (\S+)", stage, flags=re.MULTILINE)[
                -1
            ] not in ("0", "root")


def test_ports_are_those_of_the_local_stack_and_of_this_machine_only():
    found = [port for name in SERVICES for port in published(name)]
    defaults = {
        f"LEADS_{name.upper()}": field.default
        for name, field in Ports.model_fields.items()
    }
    assert {
        variable: int(default) for _, variable, default, _ in found
    } == defaults
    assert {address for address, *_ in found} == {"127.0.0.1"}


def test_services_call_each_other_by_names_and_ports_that_are_there():
    listening = {
        (name, inside) for name in SERVICES for *_, inside in published(name)
    }
    called = set(
        re.findall(r"http://([a-z-]+):(\d+)", filled(FILE.read_text()))
    )
    assert {call for call in called if call[0] != "localhost"} <= listening
    assert ("inbox", "8025") in called


def test_every_variable_is_explained_with_its_default():
    used = {
        name: default for name, default in VARIABLE.findall(FILE.read_text())
    }
    example = dotenv_values(ROOT / ".env.example")
    assert used == {name: example[name] for name in used}
    assert set(example) - set(used) == {"COMPOSE_PROFILES"}, (
        "this one is Compose's own"
    )


def test_passwords_and_keys_come_from_variables():
    secret = re.compile(
        r"PASSWORD|SECRET_KEY$|JWT_SECRET|FERNET|SQL_ALCHEMY_CONN|RESULT_BACKEND"
    )
    found = {
        k: v
        for one in SERVICES.values()
        for k, v in one.get("environment", {}).items()
        if secret.search(k)
    }
    assert len(found) >= 5
    assert [
        name for name, value in found.items() if not VARIABLE.search(value)
    ] == []


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        "data/Leads.csv",
        ".env",
        ".local/aws/calls.jsonl",
    ],
)
def test_no_image_is_built_from_history_environments_data_or_secrets(path):
    assert ignored(path)


def test_airflow_is_set_up_as_in_the_local_stack():
    local, here = (
        local_environment(Ports(), Settings()),
        SERVICES["scheduler"]["environment"],
    )
    shared = {
        name for name in local if name.startswith("AIRFLOW__")
    } - OTHERWISE_IN_CONTAINERS
    assert {name: here.get(name) for name in shared} == {
        name: local[name] for name in shared
    }
    assert (
        here["LEADS_LABEL_MATURITY_DAYS"] == local["LEADS_LABEL_MATURITY_DAYS"]
    )


def test_the_code_is_mounted_unchanged_and_cannot_be_written():
    for name in (
        "scheduler",
        "dag-processor",
        "worker",
        "api-server",
        "triggerer",
    ):
        volumes = SERVICES[name]["volumes"]
        assert {
            f"./{part}:/opt/airflow/{part}:ro"
            for part in ("dags", "plugins", "include")
        } <= set(volumes)


def test_the_module_that_a_service_runs_is_mounted_or_in_its_image():
    for name, service in SERVICES.items():
        words = [
            *service.get("command", []),
            *service.get("healthcheck", {}).get("test", []),
        ]
        modules = {
            following
            for word, following in zip(words, words[1:], strict=False)
            if word == "-m"
        }
        mounted = {
            volume.split(":")[0] for volume in service.get("volumes", [])
        }
        assert {f"./{module.split('.')[0]}" for module in modules} <= mounted, (
            name
        )


def test_only_workers_are_optional_and_they_share_the_schedulers_settings():
    assert [name for name in SERVICES if "profiles" in SERVICES[name]] == [
        "worker"
    ]
    scheduler, worker = (
        SERVICES[name]["environment"] for name in ("scheduler", "worker")
    )
    assert {name: worker[name] for name in scheduler} == scheduler


@pytest.mark.parametrize(
    "path",
    [
        "docker/training-requirements.txt",
        "docker/api-requirements.txt",
        "demo/requirements.txt",
    ],
)
def test_what_a_container_installs_has_the_pins_of_this_environment(path):
    lines = re.findall(
        r"^([a-z0-9._-]+)==(\S+)", (ROOT / path).read_text(), re.MULTILINE
    )
    ours = dict(
        re.findall(
            r"^([a-z0-9._-]+)==(\S+)",
            (ROOT / "requirements-dev.txt").read_text(),
            re.MULTILINE,
        )
    )
    assert len(lines) > 30
    assert {
        name: version for name, version in lines if ours.get(name) != version
    } == {}


def test_python_is_the_projects():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "requires-python"
    ]
    assert {re.search(r"3\.\d+", wanted)[0]} == {
        re.search(r"python:?(3\.\d+)", base)[1]
        for base in BASES
        if "py" in base
    }


def test_local_aws_answers_under_the_name_by_which_the_containers_call_it():
    text = FILE.read_text(encoding="utf-8")
    names = set(re.findall(r"AWS_ENDPOINT_URL: http://([\w-]+):", text))
    command = yaml.safe_load(text)["services"]["aws"]["command"]
    places = [
        place for place, word in enumerate(command) if word == "--host-name"
    ]
    assert names == {command[place + 1] for place in places}
