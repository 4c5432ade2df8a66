"""Show every error that this package raises on its own account.

`redshift/errors.py` has those whose texts reach a client of the Data API.
"""

from pathlib import Path


class LocalAwsError(Exception):
    """Base of the errors of local AWS."""


class LocalAwsNotStartedError(LocalAwsError):
    """The server's process ended before it was ready."""

    def __init__(self, log_file: Path) -> None:
        super().__init__(
            f"local AWS did not start:\n{log_file.read_text()[-2000:]}"
        )


class WrongWorkgroupError(LocalAwsError):
    """A stack asks for another Redshift workgroup than the one of this server."""

    def __init__(self, workgroup: str, requested: str) -> None:
        super().__init__(
            f"local AWS has one workgroup, {workgroup}; the stack asks for {requested}"
        )


class UnsupportedJobError(LocalAwsError):
    """A job or a model asks for something that local AWS does not do; the message names it."""

    def __init__(self, feature: str) -> None:
        super().__init__(
            f"not supported by local AWS: {feature}; leave it out, or run it on AWS"
        )


class UnsupportedTargetError(LocalAwsError):
    """A crawler's target is none that local AWS crawls."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"not supported by local AWS: {kind}; a crawler here has S3Targets or CatalogTargets"
        )


class OutsideFolderError(LocalAwsError):
    """A name in a request leads out of the server's own folder."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} would be a file outside the folder of local AWS; leave out '..' and a leading slash"
        )


class NoInputError(LocalAwsError):
    """The S3 prefix of a training job's channel holds nothing."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f'Data download failed: no S3 objects found under S3 URL "{uri}"'
        )


class NotServingError(LocalAwsError):
    """A container does not answer /ping; the message is what DescribeEndpoint gives as the reason."""
