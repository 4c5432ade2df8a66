"""Show every error that the local stack, its containers and the replay raise."""


class DemoError(Exception):
    """Base of the errors below; the message says what to do."""


class StackError(DemoError):
    """The local stack cannot run; the message says which part."""


class ComposeError(DemoError):
    """The containers cannot run; the message says which."""


class NotProvedError(DemoError):
    """The containers ran, and something is not as it should be; the message says what."""


class AirflowError(DemoError):
    """Airflow refused a request, or a DAG cannot be used; the message carries its answer."""


class RunFailedError(DemoError):
    """A DAG run did not succeed; the message carries the failed task, the end of its log and its address."""


class UnusableFileError(DemoError):
    """The file of leads cannot be replayed; the message says why."""
