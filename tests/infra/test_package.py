"""What `make package` puts into dist/."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra.errors import WheelsError
from infra.package import (
    ROOT,
    download,
    package,
    pinned_uv,
    requested_wheels,
    uv_version,
)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    package(ROOT, tmp_path / "dist")
    return tmp_path / "dist"


def test_dags_carry_the_domain_code_below_them(dist: Path) -> None:
    assert (dist / "dags" / "data_drift_redshift_retrain.py").is_file()
    assert (dist / "dags" / "include" / "settings.py").is_file()
    assert (
        dist / "dags" / "include" / "contract" / "x_education.yaml"
    ).is_file()


def test_what_only_a_laptop_needs_stays_at_home(dist: Path) -> None:
    for folder in ("localaws", "infra", "demo"):
        assert not list(dist.rglob(folder)), f"{folder}/ must not be deployed"
    assert not list(dist.rglob("__pycache__"))


def test_plugins_zip_holds_the_plugins_and_no_copy_of_include(
    dist: Path,
) -> None:
    names = zipfile.ZipFile(dist / "plugins.zip").namelist()
    assert "lead_ops/__init__.py" in names
    assert not [name for name in names if name.startswith("include")]


def test_a_stages_variables_are_exported_by_its_startup_script(
    tmp_path: Path,
) -> None:
    package(ROOT, tmp_path / "dist", {"LEADS_BUCKET": "b"})
    assert (
        "export LEADS_BUCKET=b"
        in (tmp_path / "dist" / "startup.sh").read_text()
    )


def test_identical_input_gives_identical_bytes_wherever_whenever_and_by_whomever(
    dist: Path, tmp_path: Path
) -> None:
    """Another checkout: another path with a space, other times, rights and an order of creation turned round."""
    other = tmp_path / "another place"
    names = [
        path.relative_to(ROOT)
        for part in ("dags", "include", "plugins")
        for path in (ROOT / part).rglob("*")
    ]
    before = os.umask(0o077)
    try:
        for name in sorted(
            (name for name in names if (ROOT / name).is_file()), reverse=True
        ):
            (other / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, other / name)
            os.utime(other / name, (1e9, 1e9))
        shutil.copyfile(ROOT / "requirements.txt", other / "requirements.txt")
        package(other, other / "dist")
    finally:
        os.umask(before)
    assert contents(other / "dist") == contents(dist)


def contents(dist: Path) -> dict[str, bytes]:
    return {
        path.relative_to(dist).as_posix(): path.read_bytes()
        for path in dist.rglob("*")
        if path.is_file()
    }


def write_wheel(folder: Path, name: str) -> None:
    """Write a package of one module, which nobody has on PyPI."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "ANSWER = 42\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, content)


def test_a_network_without_pypi_installs_from_the_wheels_in_plugins_zip(
    tmp_path: Path,
) -> None:
    root, plugins = tmp_path / "project", tmp_path / "usr-local-airflow-plugins"
    for part in ("dags", "include", "plugins"):
        (root / part).mkdir(parents=True)
    (root / "requirements.txt").write_text("answer_of_this_test==1.0\n")
    write_wheel(tmp_path / "wheels", "answer_of_this_test")
    package(root, tmp_path / "dist", wheels=tmp_path / "wheels")
    shutil.unpack_archive(tmp_path / "dist" / "plugins.zip", plugins)
    text = (tmp_path / "dist" / "requirements.txt").read_text()
    assert text.splitlines()[0] == "--no-index"
    installed = tmp_path / "requirements.txt"
    installed.write_text(
        text.replace("/usr/local/airflow/plugins", str(plugins))
    )
    command = [
        pinned_uv(),
        "pip",
        "install",
        "--quiet",
        "--no-cache",
        "--offline",
    ]
    command += ["--target", str(tmp_path / "site")]
    subprocess.run(  # noqa: S603 - the tests own words
        [*command, "--requirement", str(installed)], check=True
    )
    assert (tmp_path / "site" / "answer_of_this_test.py").is_file()


def test_a_package_that_is_no_wheel_stops_the_packaging_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --version ] && echo uv {uv_version()} && exit\n'
        "echo no wheel of some-sdist >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(WheelsError, match="no wheel of some-sdist"):
        download(ROOT / "requirements.txt", tmp_path / "wheels")


def test_wheels_are_fetched_only_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WHEELS", raising=False)
    assert requested_wheels(ROOT) is None


def test_more_than_mwaa_takes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.package.PLUGINS_BYTES", 10)
    with pytest.raises(WheelsError, match="MWAA takes 10"):
        package(ROOT, tmp_path / "dist")
