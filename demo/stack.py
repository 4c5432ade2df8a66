"""Starts and stops the Procfile's processes through honcho, and knows which processes belong to this checkout."""

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
from demo.services import Service

PID_FILE = STATE / "stack.pids"
STACK_LOG = LOGS / "stack.log"
TAIL = 25
STOPPED = re.compile(r"system\s*\| (\S+)\.1 stopped \(rc=(-?\d+)\)")


class StackError(RuntimeError):
    """The local stack cannot run; the message says which part and what to do."""


def require_free_ports(parts: Iterable[Service], smtp_port: int) -> None:
    """Raises StackError naming the first port that another program holds."""
    wanted = [(part.port, part.title, part.variable) for part in parts]
    for port, title, variable in (*wanted, (smtp_port, "alert inbox (SMTP)", "LEADS_SMTP_PORT")):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                message = f"port {port} ({title}) is taken by another program{_holder(port)}"
                raise StackError(f"{message}; stop it or choose another port with {variable}=…") from None


def _holder(port: int) -> str:
    try:
        found = [link.pid for link in psutil.net_connections("tcp") if link.laddr and link.laddr.port == port]
        return next((f": {psutil.Process(pid).name()}, pid {pid}" for pid in found if pid), "")
    except psutil.Error:
        return ""


def prepare_database(environment: dict[str, str]) -> None:
    """Creates or migrates Airflow's metadata database, which its processes expect to find."""
    with (LOGS / "airflow-db.log").open("w") as log:
        done = subprocess.run(["airflow", "db", "migrate"], env=environment, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise StackError(f"airflow db migrate failed:\n{tail(Path(log.name))}")


def start(environment: dict[str, str]) -> psutil.Process:
    """Starts honcho, detached, with its output in the stack's log. Returns its process."""
    with STACK_LOG.open("w") as log:
        honcho = subprocess.Popen(
            [sys.executable, "-m", "honcho", "--no-colour", "-f", str(ROOT / "Procfile"), "start"],
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
    """Notes every process under `honcho`, so that `stop` finds them even after honcho itself was killed."""
    family = [honcho, *honcho.children(recursive=True)]
    PID_FILE.write_text(json.dumps([[process.pid, process.create_time()] for process in family]), encoding="utf-8")


def _noted() -> list[psutil.Process | None]:
    """The noted processes, honcho first; None for one that has ended, even if its pid is in use again."""
    try:
        return [_find(pid, created) for pid, created in json.loads(PID_FILE.read_text(encoding="utf-8"))]
    except (FileNotFoundError, json.JSONDecodeError):
        return []


def remembered() -> list[psutil.Process]:
    """The noted processes that still run, and what they started since."""
    family = [process for process in _noted() if process]
    return list(dict.fromkeys([*family, *(child for process in family for child in process.children(recursive=True))]))


def _find(pid: int, created: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if process.create_time() == created and is_alive(process) else None
    except psutil.Error:
        return None


def runner() -> psutil.Process | None:
    """The honcho that `start` left running, if it still is."""
    return next(iter(_noted()), None)


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that ended and waits for its parent does not."""
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def stop(patience: float = 15) -> int:
    """Stops every process of this checkout's stack, also those that lost their parent. Returns how many there were."""
    honcho, family = runner(), remembered()
    if honcho:
        honcho.send_signal(signal.SIGTERM)  # honcho ends its children's process groups
        psutil.wait_procs([honcho], timeout=patience)
    left = [process for process in family if process.is_running()]
    for process in left:
        _signal(process, signal.SIGTERM)
    for process in psutil.wait_procs(left, timeout=5)[1]:
        _signal(process, signal.SIGKILL)
    PID_FILE.unlink(missing_ok=True)
    return len(family)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def fallen() -> tuple[str, str] | None:
    """Name and log tail of the process that ended first, or None while all run (honcho then stops the others)."""
    lines = STACK_LOG.read_text(encoding="utf-8", errors="replace").splitlines()
    first = next((found for line in lines if (found := STOPPED.search(line))), None)
    if first is None:
        return None
    own = [line.split("| ", 1)[-1] for line in lines if f" {first[1]}.1 " in line.split("|")[0] + " "]
    return first[1], "\n".join(own[-TAIL:])


def tail(path: Path, lines: int = TAIL) -> str:
    """The last lines of a log file."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
