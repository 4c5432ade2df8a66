"""The package by itself: installed somewhere else, without the project."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distributions, requires, version
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from packaging.requirements import Requirement

import localaws

FOLDER = Path(localaws.__file__).parent
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text())
KEYS = {
    "region_name": "ap-south-1",
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
}


BUILD = """
import sys
from setuptools.build_meta import build_wheel
print(build_wheel(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The package as a wheel, unpacked; what it depends on is the test environment's."""
    folder = tmp_path_factory.mktemp("elsewhere")
    source = folder / "source"
    shutil.copytree(
        FOLDER, source, ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [sys.executable, "-c", BUILD, str(folder)]
    built = subprocess.run(
        command, check=True, capture_output=True, cwd=source, text=True
    )
    wheel = folder / built.stdout.splitlines()[-1]
    assert wheel.name == f"localaws-{localaws.__version__}-py3-none-any.whl"
    target = folder / "site"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(target)
    return target


@pytest.fixture(scope="module")
def endpoint(installed, tmp_path_factory):
    """Address of a server of the installed package, started in another folder."""
    command = [sys.executable, "-m", "localaws", "serve", "--port", "0"]
    command += ["--data-dir", str(tmp_path_factory.mktemp("data"))]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=installed.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        yield re.search(r"http://\S+", line)[0]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_its_command_is_called_localaws(installed):
    (package,) = distributions(path=[str(installed)])
    (script,) = package.entry_points.select(group="console_scripts")
    assert (script.name, script.value) == (
        "localaws",
        "localaws.__main__:main",
    )


def test_every_module_is_in_the_package(installed):
    def modules(folder):
        return sorted(
            str(path.relative_to(folder)) for path in folder.rglob("*.py")
        )

    assert modules(installed / "localaws") == modules(FOLDER)
    assert (installed / "localaws" / "py.typed").is_file()


def test_the_installed_server_is_seeded_and_answers(endpoint):
    glue = boto3.client("glue", endpoint_url=endpoint, **KEYS)
    assert [one["Name"] for one in glue.get_databases()["DatabaseList"]]
    data = boto3.client("redshift-data", endpoint_url=endpoint, **KEYS)
    target = {"WorkgroupName": "default-workgroup", "Database": "dev"}
    started = data.execute_statement(Sql="SELECT 1 AS one", **target)
    assert started["Id"]
    roles = boto3.client("iam", endpoint_url=endpoint, **KEYS)
    assert roles.get_role(RoleName="mwaa-execution-role")


def test_without_the_project_an_image_is_refused_by_name(endpoint):
    sagemaker = boto3.client("sagemaker", endpoint_url=endpoint, **KEYS)
    with pytest.raises(ClientError, match="outside the project whose code"):
        sagemaker.create_model(
            ModelName="m",
            PrimaryContainer={"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"},
            ExecutionRoleArn="arn:aws:iam::123456789012:role/service-role/r",
        )


@pytest.mark.parametrize("line", PROJECT["project"]["dependencies"])
def test_what_it_depends_on_is_what_it_is_tested_with(line):
    requirement = Requirement(line)
    found = version(requirement.name)
    assert requirement.specifier.contains(found), f"{line}: {found}"
    assert requirement.extras <= _extras_of(requirement.name)


def _extras_of(package: str) -> set[str]:
    lines = requires(package) or []
    return set(re.findall(r"extra == [\"']([\w-]+)[\"']", " ".join(lines)))
