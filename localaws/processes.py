"""Follow the process of a job to its end, ship its output to CloudWatch Logs meanwhile, and end all of its group."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

_POLL_SECONDS = 0.2
_SHIP_EVERY = 5  # polls
_EVENTS_PER_CALL = 1000


class LogStream:
    """Ship the new whole lines of one file to a stream of CloudWatch Logs."""

    def __init__(self, logs: Any, group: str, stream: str, file: Path) -> None:
        """Create the stream; `logs` is a boto3 client."""
        self._logs = logs
        self._names = {"logGroupName": group, "logStreamName": stream}
        self._file = file
        self._offset = 0
        file.touch()
        _create(logs.create_log_group, logGroupName=group)
        _create(logs.create_log_stream, **self._names)

    def ship(self) -> None:
        """Send the lines that were completed since the last call."""
        with self._file.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        lines = [
            line
            for line in complete.decode(errors="replace").splitlines()
            if line
        ]
        for first in range(0, len(lines), _EVENTS_PER_CALL):
            milliseconds = int(time.time() * 1000)
            batch = lines[first : first + _EVENTS_PER_CALL]
            events = [
                {"timestamp": milliseconds, "message": line} for line in batch
            ]
            self._logs.put_log_events(**self._names, logEvents=events)


def write_log(
    logs: Any, group: str, stream: str, messages: Sequence[str]
) -> None:
    """Add messages to a stream of CloudWatch Logs, which is created if need be; `logs` is a boto3 client."""
    names = {"logGroupName": group, "logStreamName": stream}
    _create(logs.create_log_group, logGroupName=group)
    _create(logs.create_log_stream, **names)
    milliseconds = int(time.time() * 1000)
    events = [
        {"timestamp": milliseconds, "message": message} for message in messages
    ]
    logs.put_log_events(**names, logEvents=events)


def _create(call: Any, **names: str) -> None:
    try:
        call(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise


def follow(
    process: subprocess.Popen[bytes],
    stop: Event,
    seconds: float,
    streams: Sequence[LogStream],
    grace_seconds: float = 0,
) -> int | None:
    """Wait for a process and ship its output; then end what is left of its group.

    Args:
        process: leader of a process group of its own.
        stop: ends the process when it is set.
        seconds: how long the process may take.
        streams: where its output goes.
        grace_seconds: see `end_group`.

    Returns:
        The process's exit code, or None if it was stopped or ran out of time.
    """
    deadline = time.monotonic() + seconds
    polls = 0
    while (
        process.poll() is None
        and not stop.wait(_POLL_SECONDS)
        and time.monotonic() < deadline
    ):
        polls += 1
        if polls % _SHIP_EVERY == 0:
            _ship(streams)
    exit_code = process.poll()
    end_group(process, grace_seconds)
    _ship(streams)
    return exit_code


def _ship(streams: Sequence[LogStream]) -> None:
    for stream in streams:
        stream.ship()


def end_group(process: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """End a process and its children, which may outlive it.

    They are asked first and killed after `grace_seconds`; with 0 they are killed at once.
    """
    try:
        if grace_seconds:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(grace_seconds)
        os.killpg(process.pid, signal.SIGKILL)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()
