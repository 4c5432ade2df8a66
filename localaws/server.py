"""Run the local AWS process: moto's server with the real backends installed, seeded, and stopped cleanly."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from moto import backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.glue.models import glue_backends
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.redshiftdata import redshiftdata_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.models import sagemakerruntime_backends
from werkzeug.serving import make_server

from localaws.account import Account
from localaws.calls import CallRecorder
from localaws.constraints import Constraints
from localaws.errors import LocalAwsNotStartedError
from localaws.glue.backend import LocalGlueBackend
from localaws.guard import Guard
from localaws.redshift.backend import LocalRedshiftDataBackend
from localaws.redshift.engine import Engine
from localaws.roles import REDSHIFT_ROLE
from localaws.runtime import Runtime
from localaws.sagemaker.backend import LocalSageMakerBackend
from localaws.sagemaker.invocations import LocalSageMakerRuntimeBackend
from localaws.seeds import seed
from localaws.supported import Supported, refuse

log = logging.getLogger(__name__)

CALLS = "calls.jsonl"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - where it listens, which is no address to call
_READY = "local AWS is ready at "
_ROOT = Path(__file__).parents[1]


def serve(
    host: str,
    port: int,
    data_dir: Path,
    account: Account,
    seeded: bool = True,
    host_names: Sequence[str] = (),
    modules: Sequence[str] = (),
    recorded: Sequence[str] = (),
) -> None:
    """Serve until SIGTERM or SIGINT; write the address to standard output as soon as it can be called.

    Every start is a new, empty AWS: moto keeps S3 in memory, so a warehouse that outlived it would name objects that
    are gone. `data_dir` holds the warehouse while the process runs, the folders and logs of Glue runs and of training
    jobs, and which role called what (`calls.jsonl`).

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        data_dir: folder of this server, emptied of the last run's files.
        account: names of what the account holds.
        seeded: False leaves the account empty.
        host_names: names besides localhost under which it may be called.
        modules: what a training job may start besides the images' own program.
        recorded: services, by their signing name, of which a record of each call is enough.
    """
    _empty(data_dir)
    werkzeug_app.DISABLE_GLOBAL_CORS = (
        True  # moto's default answers every origin
    )
    _list_modules_once()
    moto = DomainDispatcherApplication(create_backend_app)
    checked = Constraints(_name_what_is_missing(moto))
    supported = Supported(checked, recorded)
    recorder = CallRecorder(supported, data_dir / CALLS, DEFAULT_ACCOUNT_ID)
    application = Guard(recorder, host_names)
    server = make_server(
        host,
        port,
        application,
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    callable_host = "127.0.0.1" if host == EVERYWHERE else host
    endpoint = f"http://{callable_host}:{server.server_port}"
    runtime = Runtime(
        endpoint,
        account.region,
        data_dir.resolve(),
        account.workgroup,
        account.database,
        tuple(modules),
    )
    moto.create_app = partial(_application_of, runtime=runtime)
    roles = (account.reader_role,) if seeded else ()
    with _backends(runtime, roles):
        Thread(target=server.serve_forever, daemon=True).start()
        if seeded:
            seed(runtime, account)
        stop = Event()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, lambda *_: stop.set())
        sys.stdout.write(f"{_READY}{endpoint}\n")
        sys.stdout.flush()
        stop.wait()
        log.info("stopping")
        server.shutdown()


def _list_modules_once() -> None:
    """Let moto list its own folders once: it asks for them at each call, a tenth of what this server computes."""
    names = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: names


def _empty(data_dir: Path) -> None:
    for folder in ("glue", "sagemaker", "warehouse"):
        shutil.rmtree(data_dir / folder, ignore_errors=True)
    (data_dir / "warehouse").mkdir(parents=True)


@contextmanager
def _backends(runtime: Runtime, roles: tuple[str, ...]) -> Iterator[None]:
    """Put the real backends in moto's place, with these database roles; on leaving, stop what they run."""
    file = runtime.data_dir / "warehouse" / f"{runtime.database}.duckdb"
    engine = Engine(
        runtime.database,
        file,
        lambda: runtime.client("s3", REDSHIFT_ROLE),
        roles,
    )
    LocalRedshiftDataBackend.runtime = runtime
    LocalRedshiftDataBackend.engine = engine
    LocalGlueBackend.runtime = runtime
    LocalSageMakerBackend.runtime = runtime
    redshiftdata_backends.backend = LocalRedshiftDataBackend
    glue_backends.backend = LocalGlueBackend
    sagemaker_backends.backend = LocalSageMakerBackend
    sagemakerruntime_backends.backend = LocalSageMakerRuntimeBackend
    try:
        yield
    finally:
        for _, _, backend in glue_backends.iter_backends():
            backend.stop_runs()
        for _, _, backend in sagemaker_backends.iter_backends():
            backend.stop_jobs()
        for _, _, backend in redshiftdata_backends.iter_backends():
            backend.sessions.close()
        engine.close()


def _application_of(service: str, runtime: Runtime) -> Any:
    """Return moto's application of a service, which it asks for at the first call.

    CloudFormation's brings the models of some thirty services: more than half of this server's start.
    """
    if service == "cloudformation":
        from localaws import stacks

        stacks.register(runtime)
    return create_backend_app(service)


def _name_what_is_missing(
    application: Callable[..., Any],
) -> Callable[..., Iterable[bytes]]:
    """Answer calls that moto lacks with an error that names them, instead of a 500 that clients retry."""

    def wrapped(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        try:
            answer: Iterable[bytes] = application(environ, start_response)
            return answer
        except NotImplementedError as error:
            message = f"not supported by local AWS: {error}"
            return refuse(environ, start_response, message)

    return wrapped


@contextmanager
def running(
    port: int = 0,
    data_dir: Path | None = None,
    seeded: bool = True,
    modules: Sequence[str] = (),
    recorded: Sequence[str] = (),
) -> Iterator[str]:
    """Run a local AWS in a process of its own; yield its endpoint URL (a free port by default), then end it.

    `modules` are what training jobs may start besides the images' own program; `recorded` are services of which a
    record of each call is enough.

    Raises:
        LocalAwsNotStartedError: the process ended at once; the message holds the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="local-aws-") as temporary:
        folder = data_dir or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        log_file = folder / "server.log"
        options = [] if seeded else ["--empty"]
        for module in modules:
            options += ["--entry-point", module]
        for service in recorded:
            options += ["--recorded", service]
        process = _start(port, folder, options, log_file)
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith(_READY):
                raise LocalAwsNotStartedError(log_file)
            yield line.removeprefix(_READY).strip()
        finally:
            _end(process)


def _start(
    port: int, data_dir: Path, options: Sequence[str], log_file: Path
) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "localaws",
        "serve",
        "--port",
        str(port),
        "--data-dir",
        str(data_dir),
        *options,
    ]
    with log_file.open("w") as errors:
        return subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the server to end. Raises subprocess.TimeoutExpired if it had to be killed."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        if process.stdout:
            process.stdout.close()
