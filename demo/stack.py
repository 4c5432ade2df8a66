"""Start and stop the Procfile's processes through honcho, and remember which processes belong to this checkout."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

from demo.environment import LOGS, ROOT, STATE
from demo.errors import StackError
from demo.services import Service

PID_FILE = STATE / "stack.pids"
STACK_LOG = LOGS / "stack.log"
TAIL = 25
STOPPED = re.compile(r"system\s*\| (\S+)\.1 stopped \(rc=(-?\d+)\)")


def require_free_ports(parts: Iterable[Service], smtp_port: int) -> None:
    """Raise StackError for the first port that another program holds."""
    ports = [(part.port, part.title, part.variable) for part in parts]
    ports.append((smtp_port, "alert inbox (SMTP)", "LEADS_SMTP_PORT"))
    for port, title, variable in ports:
        if not _is_free(port):
            message = f"port {port} ({title}) is taken by another program{_holder(port)}"
            raise StackError(
                f"{message}; stop it or choose another port with {variable}=…"
            )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _holder(port: int) -> str:
    """Return name and id of the process that holds a port, as the end of a sentence; empty if nobody may know it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.pid
                and connection.laddr
                and connection.laddr.port == port
            ):
                return f": {psutil.Process(connection.pid).name()}, pid {connection.pid}"
    except psutil.Error:
        return ""
    return ""


def prepare_database(environment: dict[str, str]) -> None:
    """Create or migrate Airflow's metadata database, which its processes expect to find."""
    log_file = LOGS / "airflow-db.log"
    with log_file.open("w") as log:
        migration = subprocess.run(
            ["airflow", "db", "migrate"],
            env=environment,
            stdout=log,
            stderr=log,
            check=False,
        )
    if migration.returncode:
        raise StackError(f"airflow db migrate failed:\n{tail(log_file)}")


def start(environment: dict[str, str]) -> psutil.Process:
    """Start honcho, detached, with its output in the stack's log; return its process."""
    command = [
        sys.executable,
        "-m",
        "honcho",
        "--no-colour",
        "-f",
        str(ROOT / "Procfile"),
        "start",
    ]
    with STACK_LOG.open("w") as log:
        honcho = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    process = psutil.Process(honcho.pid)
    remember(process)
    return process


def remember(honcho: psutil.Process) -> None:
    """Write down every process under `honcho`, so that `stop` finds them even after honcho itself was killed."""
    family = [honcho, *honcho.children(recursive=True)]
    entries = [[process.pid, process.create_time()] for process in family]
    PID_FILE.write_text(json.dumps(entries), encoding="utf-8")


def _remembered() -> list[psutil.Process | None]:
    """Return the processes written down, honcho first; None for one that has ended, even if its pid is in use again."""
    try:
        entries = json.loads(PID_FILE.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    return [_find(pid, created) for pid, created in entries]


def _find(pid: int, created: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        if process.create_time() == created and is_alive(process):
            return process
    except psutil.Error:
        return None
    return None


def _family() -> list[psutil.Process]:
    """Return the processes written down that still run, and what they started since."""
    parents = [process for process in _remembered() if process]
    family = list(parents)
    for process in parents:
        family += process.children(recursive=True)
    return list(dict.fromkeys(family))


def runner() -> psutil.Process | None:
    """Return the honcho that `start` left running, if it still is."""
    return next(iter(_remembered()), None)


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process still runs; one that ended and waits for its parent does not."""
    return bool(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    )


def stop(patience: float = 15) -> int:
    """Stop every process of this checkout's stack, also those that lost their parent; return how many there were."""
    honcho = runner()
    family = _family()
    if honcho:
        honcho.send_signal(
            signal.SIGTERM
        )  # honcho ends its children's process groups
        psutil.wait_procs([honcho], timeout=patience)
    survivors = [process for process in family if process.is_running()]
    for process in survivors:
        _signal(process, signal.SIGTERM)
    _, survivors = psutil.wait_procs(survivors, timeout=5)
    for process in survivors:
        _signal(process, signal.SIGKILL)
    PID_FILE.unlink(missing_ok=True)
    return len(family)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def fallen() -> tuple[str, str] | None:
    """Return name and last lines of the process that ended first, or None while all run.

    honcho stops the others when one has ended.
    """
    log = STACK_LOG.read_text(encoding="utf-8", errors="replace")
    stopped = STOPPED.search(log)
    if stopped is None:
        return None
    name = stopped[1]
    output = []
    for line in log.splitlines():
        heading, _, text = line.partition("| ")
        if f" {name}.1 " in f"{heading} ":
            output.append(text)
    return name, "\n".join(output[-TAIL:])


def tail(path: Path, lines: int = TAIL) -> str:
    """Return the last lines of a log file."""
    content = path.read_text(encoding="utf-8", errors="replace")
    return "\n".join(content.splitlines()[-lines:])
