"""Say in one line why a Glue script failed, from what it wrote to its error log."""

import re

_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?::|$)")
_NO_FILE_SYSTEM = re.compile(r'No FileSystem for scheme "(s3[an]?)"')
_TRACEBACK = "Traceback (most recent call last):\n"


def error_message(stderr: str, exit_code: int, script: str) -> str:
    """Return what a failed run reports: the line of the last traceback that names the exception, else its last line.

    Args:
        stderr: all that the script and Spark wrote to the error log.
        exit_code: of the process.
        script: path of the script's local copy, as tracebacks name it.
    """
    scheme = _NO_FILE_SYSTEM.search(stderr)
    if scheme:
        return (
            f"{_place(stderr, script)}Spark of local AWS reads {scheme[1]}:// only where the path is an argument of "
            "the job (--NAME s3://…), which it gets as a local folder; take the path from sys.argv"
        )
    _, header, traceback = stderr.rpartition(_TRACEBACK)
    if header:
        for line in traceback.splitlines():
            if not line.startswith((" ", "\t")) and _EXCEPTION.match(line):
                return line
    lines = [line for line in stderr.splitlines() if line.strip()]
    if lines:
        return lines[-1].strip()
    return f"Command failed with exit code {exit_code}"


def _place(stderr: str, script: str) -> str:
    """Return `line N: ` for the script's innermost frame in the first traceback; empty where there is none."""
    frame = re.escape(f'File "{script}", line ') + r"(\d+)"
    lines = re.findall(frame, stderr)
    return f"line {lines[-1]}: " if lines else ""
