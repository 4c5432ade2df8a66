"""Show every error that packaging, stacks, checks and deployment raise."""


class InfraError(Exception):
    """Base of the errors below; the message says what to do."""


class DeploymentError(InfraError):
    """An environment cannot be deployed as it is described; nothing has been changed."""


class NotReleasedError(InfraError):
    """The deploying half was not told what has been checked."""

    def __init__(self, variable: str) -> None:
        super().__init__(
            f"the variable {variable} holds no release: run `make release` first, and hand its line on"
        )


class NotDeployableError(DeploymentError):
    """The checks of a deployment have findings; nothing has been changed."""


class ImageError(DeploymentError):
    """The image was not pushed."""


class WheelsError(DeploymentError):
    """The packages for an offline installation could not be fetched, or are more than MWAA takes."""


class StackFailedError(InfraError):
    """CloudFormation did not bring a stack to its end; the message has the first reasons that it gave."""


class SmokeError(InfraError):
    """A step of `make smoke` did not come to its end."""


class ParseError(InfraError):
    """The DAGs could not even be tried; the message is the process's own."""


class NoEarlierDeploymentError(InfraError):
    """There is nothing to roll back to."""


class NotVersionedError(InfraError):
    """The bucket keeps no versions, so that nothing could be rolled back; nothing has been uploaded."""


class EnvironmentBusyError(InfraError):
    """MWAA's environment cannot be changed now; nothing has been."""


class UpdateFailedError(InfraError):
    """MWAA did not take the new plugins, requirements or startup script, and has gone back to the old ones."""


class NotVerifiedError(InfraError):
    """MWAA's environment does not run what was deployed; the message lists what is wrong."""


class InstallError(InfraError):
    """pip did not install it, or not in the time that MWAA gives; the message ends with pip's own words."""
