"""The content of an alert, whatever channel shows it, and where it comes from."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from lead_ops.alerts.words import day, one_line
from lead_ops.contracts import contract_of, dag_id_of, name_of

WEB_ADDRESS = ("http://", "https://")


@dataclass(frozen=True)
class Link:
    """An address that a browser opens, and its name."""

    name: str
    address: str


@dataclass(frozen=True)
class Origin:
    """The task instance that an alert is about.

    Attributes:
        dag_id: of the run.
        run_id: of the run.
        task_id: of the task.
        map_index: -1 where the task is not mapped.
        tries: how often it was tried.
        run_after: when the run was due.
        started: when the task started.
        ended: when it ended.
        log_url: address of its log.
        exception: type of the exception that ended it; its message can hold a secret, so it is not kept.
        waited_for: object that a sensor waited for, for an alert about a failure.
        forced: whether the trigger form asked for a new model whatever the data says.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    tries: int | None = None
    run_after: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    log_url: str = ""
    exception: str | None = None
    waited_for: str | None = None
    forced: bool = False

    @classmethod
    def of(cls, context: Any) -> "Origin":
        """Return the origin that the context of a task's callback names."""
        ti = context["ti"]
        waited_for = getattr(context.get("task"), "bucket_key", None)
        map_index = getattr(ti, "map_index", None)
        return cls(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            task_id=ti.task_id,
            map_index=-1 if map_index is None else map_index,
            tries=getattr(ti, "try_number", None),
            run_after=context["dag_run"].run_after,
            started=ti.start_date,
            ended=ti.end_date,
            log_url=str(ti.log_url or ""),
            exception=exception_type(context.get("exception")),
            waited_for=one_line(waited_for) if waited_for else None,
            forced=(context.get("params") or {}).get("force_retrain") is True,
        )

    @property
    def contract(self) -> str:
        """Return the name of the contract that the DAG works for, "" for the default one."""
        return str(contract_of(self.dag_id))

    @property
    def dag_name(self) -> str:
        """Return what the DAG is called for the default contract."""
        return str(name_of(self.dag_id))

    def sibling(self, name: str) -> str:
        """Return the id of another DAG of the same contract.

        Args:
            name: what it is called for the default contract.
        """
        return str(dag_id_of(self.contract, name))

    @property
    def page(self) -> str:
        """Return the address of the task's page in Airflow, or "" where the log has no address."""
        return self.log_url.partition("?")[0]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return the ids and times, which stand small at the end of an alert."""
        facts = [
            ("DAG", self.dag_id),
            ("Run", self.run_id),
            ("Task", self.task_id),
            ("Due", day(self.run_after)),
            ("Started", day(self.started)),
            ("Ended", day(self.ended)),
        ]
        return tuple((name, one_line(text)) for name, text in facts if text)


def exception_type(exception: object) -> str | None:
    """Return the type of a callback's exception, "unknown" where Airflow hands over its message alone."""
    if isinstance(exception, BaseException):
        return type(exception).__name__
    return "unknown" if exception else None


@dataclass(frozen=True)
class Message:
    """What happened, what the system did and what a person may want to do, in sentences.

    Attributes:
        sentence: what happened, with the figures that matter.
        response: what the system did.
        advice: what the reader may want to do.
        facts: further figures, as (name, text).
        links: links besides those that the task's result holds.
    """

    sentence: str
    response: str
    advice: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Alert:
    """Everything that a channel shows of one event, in this order.

    Attributes:
        event: its name.
        title: what the event is called.
        message: the sentences and figures.
        links: to page, report, MLflow run and log.
        origin: the task instance, whose ids stand at the end.
    """

    event: str
    title: str
    message: Message
    links: tuple[Link, ...]
    origin: Origin

    @property
    def key(self) -> str:
        """Return what the Slack message and the mail of one event have in common and no other alert has."""
        origin = self.origin
        names = [
            origin.dag_id,
            origin.run_id,
            origin.task_id,
            str(origin.map_index),
            str(origin.tries),
        ]
        digest = sha256("\n".join(names).encode()).hexdigest()[:12]
        return f"{self.event}.{digest}"


def is_web_address(value: object) -> bool:
    """Return whether a browser may open the value."""
    return isinstance(value, str) and value.startswith(WEB_ADDRESS)
