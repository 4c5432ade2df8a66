"""A run's standard output and error: files while it runs, CloudWatch Logs streams for those who read them there."""

import re
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

GROUP = "/aws-glue/jobs"
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?::|$)")
_BATCH = 1000


class LogStream:
    """Ships the new whole lines of one file to the stream of a run."""

    def __init__(self, logs: Any, group: str, stream: str, file: Path) -> None:
        self._logs = logs
        self._where = {"logGroupName": group, "logStreamName": stream}
        self._file = file
        self._offset = 0
        file.touch()
        self._create(logs.create_log_group, logGroupName=group)
        self._create(logs.create_log_stream, **self._where)

    @staticmethod
    def _create(call: Any, **names: str) -> None:
        try:
            call(**names)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise

    def ship(self) -> None:
        """Send the lines that are complete since the last call."""
        with self._file.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._offset += len(whole)
        lines = [line for line in whole.decode(errors="replace").splitlines() if line]
        for first in range(0, len(lines), _BATCH):
            now = int(time.time() * 1000)
            events = [{"timestamp": now, "message": line} for line in lines[first : first + _BATCH]]
            self._logs.put_log_events(**self._where, logEvents=events)


def error_message(stderr: str, exit_code: int) -> str:
    """What a failed run reports: the line of the last traceback that names the exception, else its last words."""
    _, found, after = stderr.rpartition("Traceback (most recent call last):\n")
    if found:
        for line in after.splitlines():
            if not line.startswith((" ", "\t")) and _RAISED.match(line):
                return line
    last = [line for line in stderr.splitlines() if line.strip()]
    return last[-1].strip() if last else f"Command failed with exit code {exit_code}"
