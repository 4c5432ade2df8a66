"""What the MLflow server's machine runs at each boot, out of the template's user data."""

import os
import re
import sqlite3
import subprocess
import sys
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
import yaml
from mlflow.server.security_utils import is_allowed_host_header
from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

from infra.environments import template
from infra.mlflow_server import requirements
from infra.package import ROOT

SERVER = template("tracking")["Resources"]["Server"]
USER_DATA: str = SERVER["Properties"]["UserData"]["Fn::Base64"]["Sub"]
ADDRESS = "100.64.1.7"
"""Of a network outside RFC 1918 (RFC 6598), which MLflow does not allow by itself."""


def parts() -> list[Message]:
    message = message_from_string(USER_DATA)
    assert message.is_multipart()
    return [part for part in message.walk() if not part.is_multipart()]


def boot_script() -> str:
    return str(parts()[1].get_payload())


def file_of(end: str) -> str:
    """Return the text of a file that the script writes, by the word that ends it."""
    found = re.search(rf"<<'{end}'\n(.*?)^{end}$", boot_script(), re.S | re.M)
    assert found
    return found[1]


def executable(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


LOCAL = "127.0.0.1"
MOVED = ("/var/lib/mlflow", "/etc/mlflow", "/opt/mlflow", "/usr/local/sbin")


class Machine:
    """A folder that stands for the machine's disk, with commands that need root or the network replaced."""

    def __init__(
        self, root: Path, python: str = sys.executable, access: str = ""
    ) -> None:
        """Prepare the disk; `python` is the server's, and `access` replaces what asks AWS for the passwords."""
        self.root = root
        self.home = root / "var/lib/mlflow"
        self.pins = root / "etc/mlflow/requirements.txt"
        self.current = root / "opt/mlflow/current"
        self.installed = root / "installed"
        self._script = root / "mlflow-prepare"
        self._commands = root / "bin"
        for folder in (self.home, self.pins.parent, self.current.parent):
            folder.mkdir(parents=True)
        self._commands.mkdir()
        accounts = root / "etc/mlflow/basic_auth.ini"
        accounts.write_text(self.moved(file_of("ACCOUNTS")), encoding="utf-8")
        executables = root / "usr/local/sbin"
        executables.mkdir(parents=True)
        program = executables / "mlflow-access"
        program.write_text(self.moved(access), encoding="utf-8")
        executable(self._script, self.moved(file_of("PREPARE")))
        self._command("mountpoint", "exit 0")
        self._command("chown", "exit 0")
        binaries = Path(python).parent
        self._command(
            "python3.12",
            f"""mkdir -p "$4/bin"
printf '#!/bin/bash\\nexec {python} "$@"\\n' > "$4/bin/python"
ln -sf {binaries / "mlflow"} "$4/bin/mlflow"
printf '#!/bin/bash\\necho "$@" >> {self.installed}\\n' > "$4/bin/pip"
chmod 755 "$4/bin/pip" "$4/bin/python" """,
        )

    def moved(self, text: str) -> str:
        """Return a text of the template with this machine's paths and address."""
        text = text.replace("${Interface.PrimaryPrivateIpAddress}", LOCAL)
        for path in MOVED:
            text = text.replace(path, f"{self.root}{path}")
        return text

    def _command(self, name: str, text: str) -> None:
        executable(self._commands / name, text)

    def start(self, version: str) -> None:
        """Do what comes before the start of the server, with the pin of a version."""
        self.pins.write_text(f"boto3==1\nmlflow=={version}\n", encoding="utf-8")
        path = f"{self._commands}:{os.environ['PATH']}"
        subprocess.run(
            [str(self._script)], env=os.environ | {"PATH": path}, check=True
        )

    def copies(self) -> list[str]:
        return sorted(path.name for path in self.home.glob("*.before-*"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def has_runs(database: Path) -> bool:
    connection = sqlite3.connect(database)
    names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    return ("runs",) in names


def test_the_script_runs_at_every_boot_and_not_at_the_first_alone() -> None:
    config = yaml.safe_load(str(parts()[0].get_payload()))
    assert config == {"cloud_final_modules": [["scripts-user", "always"]]}
    assert "systemctl enable mlflow" in boot_script()


@pytest.mark.parametrize("text", [boot_script(), file_of("PREPARE")])
def test_what_runs_on_the_machine_is_bash_that_stops_at_a_fault(
    text: str,
) -> None:
    assert "set -euo pipefail" in text
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def test_the_stack_waits_for_the_servers_signal_whatever_its_end() -> None:
    assert SERVER["CreationPolicy"]["ResourceSignal"]["Timeout"] == "PT20M"
    (trap,) = re.findall(r"^trap '(.*)' EXIT$", boot_script(), re.M)
    assert "cfn-signal --exit-code $?" in trap
    assert "--resource Server" in trap
    assert boot_script().index("trap") < boot_script().index("dnf install")
    assert "/health" in boot_script().strip().splitlines()[-1]


PRESENT = {
    "an image of Amazon Linux 2023": ["cfn-signal"],
    "a machine with the Python alone": ["python3.12"],
    "a machine with neither": [],
    "a machine that was started before": ["cfn-signal", "python3.12"],
}


@pytest.mark.parametrize("machine_kind", PRESENT)
def test_what_the_image_lacks_is_installed_although_it_has_the_rest(
    machine_kind: str, tmp_path: Path
) -> None:
    """The image has cfn-signal and Python 3.9; both commands are needed, so either's absence must reach dnf."""
    record = tmp_path / "dnf-arguments"
    executable(tmp_path / "dnf", f'echo "$@" >> {record}')
    for name in PRESENT[machine_kind]:
        executable(tmp_path / name, "exit 0")
    script = boot_script().replace("/opt/aws/bin", str(tmp_path))
    script = re.sub(r"\$\{AWS::\w+\}", "x", script)
    beginning, _ = script.split("id mlflow", 1)
    subprocess.run(
        ["/bin/bash"],
        input=beginning,
        text=True,
        env={"PATH": str(tmp_path)},
        check=True,
    )
    installed = record.read_text() if record.exists() else ""
    if len(PRESENT[machine_kind]) == 2:
        assert installed == ""
    else:
        assert installed == "install --assumeyes python3.12 aws-cfn-bootstrap\n"


SHELL = ("Makefile", "infra", "docker", "tests/install-chromium.sh", ".ci")
"""Where this project writes shell."""
SEVERAL_NAMES = re.compile(r"command -v[ \t]+[^\s;|&>)]+[ \t]+[^\s;|&>)0-9]")


def test_no_shell_asks_for_two_commands_at_once() -> None:
    """`command -v` of two names succeeds where one of them is there."""
    texts = []
    for place in SHELL:
        path = ROOT / place
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                texts.append(file.read_text(encoding="utf-8"))
    faults = []
    for text in texts:
        for line in text.splitlines():
            code = line.split("#", 1)[0]
            if SEVERAL_NAMES.search(code):
                faults.append(line)
    assert any("command -v" in text for text in texts)
    assert faults == []


def test_a_version_is_installed_once_and_the_next_one_beside_it(
    machine: Machine,
) -> None:
    machine.start("3.17.2")
    first = machine.current.resolve()
    machine.start("3.17.2")
    assert len(machine.installed.read_text().splitlines()) == 1
    machine.start("3.18.0")
    assert machine.current.resolve() != first
    assert len(machine.installed.read_text().splitlines()) == 2


def test_a_new_version_brings_the_database_up_to_it_behind_a_copy(
    machine: Machine,
) -> None:
    machine.start("3.17.1")
    database = machine.home / "mlflow.db"
    engine = create_sqlalchemy_engine(f"sqlite:///{database}")
    _initialize_tables(engine)
    engine.dispose()
    machine.start("3.17.1")
    assert machine.copies() == []
    machine.start("3.17.2")
    assert machine.copies() == ["mlflow.db.before-3.17.2"]
    assert has_runs(machine.home / "mlflow.db.before-3.17.2")
    assert (machine.home / "version").read_text() == "3.17.2\n"


@pytest.mark.slow
def test_a_database_that_cannot_be_brought_up_keeps_its_first_copy_and_stops_the_start(
    machine: Machine,
) -> None:
    machine.start("3.17.1")
    database = machine.home / "mlflow.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES ('unknown')")
    connection.commit()
    connection.close()
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            machine.start("3.17.2")
    assert machine.copies() == ["mlflow.db.before-3.17.2"]
    assert (machine.home / "version").read_text() == "3.17.1\n"


def test_the_servers_pins_are_those_of_this_environment_where_both_have_a_package() -> (
    None
):
    ours = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", ours, re.M))
    pins = [pin.split("==") for pin in requirements().split()]
    assert {
        name: version
        for name, version in pins
        if locked.get(name, version) != version
    } == {}


def test_the_certificate_is_of_the_servers_address_and_made_once(
    machine: Machine,
) -> None:
    machine.start("3.17.2")
    (certificate,) = machine.home.glob("tls/*.pem")
    made = certificate.read_bytes()
    described = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", str(certificate)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"IP Address:{LOCAL}, DNS:localhost" in described
    key = certificate.with_suffix(".key")
    assert key.stat().st_mode & 0o077 == 0
    machine.start("3.17.2")
    assert certificate.read_bytes() == made


def test_the_server_asks_for_a_login_and_speaks_tls_alone() -> None:
    unit = file_of("UNIT")
    assert "--app-name basic-auth" in unit
    assert "--ssl-keyfile /var/lib/mlflow/tls/" in unit
    assert "MLFLOW_AUTH_CONFIG_PATH=/etc/mlflow/basic_auth.ini" in unit
    assert "default_permission = READ" in file_of("ACCOUNTS")
    assert "password" not in file_of("ACCOUNTS")


def test_the_server_is_reached_by_its_address_in_any_network() -> None:
    (hosts,) = re.findall(r"--allowed-hosts (\S+)", file_of("UNIT"))
    allowed = hosts.replace("${Interface.PrimaryPrivateIpAddress}", ADDRESS)
    assert is_allowed_host_header(allowed.split(","), f"{ADDRESS}:5000")
    assert not is_allowed_host_header(allowed.split(","), "evil.example:5000")
