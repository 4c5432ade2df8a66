"""Alerts about the model's life, sent to Slack and by email from task callbacks.

Airflow runs task callbacks in the task's own process, after the state is recorded. There connections can be looked
up and include/ can be imported; nothing here may be needed for the state, so a channel that fails is logged only.
"""

import html

from airflow.sdk import BaseHook, BaseNotifier
from airflow.sdk.exceptions import AirflowNotFoundException

from lead_ops.links import PAGES

SLACK_CONNECTION = "slack_default"
EMAIL_CONNECTION = "smtp_default"
SLACK_TIMEOUT = 5
"""Seconds; a task's process is ended 20 s after its state is final (core.task_success_overtime)."""

TITLES = {
    "drift_detected": "Data drift detected",
    "data_outage": "Data outage: a feed looks broken, nothing is retrained",
    "retraining_started": "Retraining has started",
    "model_registered": "A challenger model is registered",
    "approval_asked": "A promotion waits for an answer in Airflow",
    "model_deployed": "A new champion model is deployed",
    "champion_kept": "The champion model stays",
    "endpoint_deployed": "The SageMaker endpoint serves the champions",
    "endpoint_rolled_back": "A deployment failed: the endpoint goes back to what it served before",
    "task_failed": "A task has failed",
}

DETAILS = (
    "verdict",
    "triggers",
    "confirmation",
    "drifted_share",
    "drifted_columns",
    "outage_columns",
    "model",
    "version",
    "stage",
    "family",
    "reasons",
    "endpoint",
    "config",
    "versions",
    "report_uri",
    *PAGES,
)
"""Keys of a task's result that an alert shows; anything else stays out of it."""


class Notifier(BaseNotifier):
    """Sends one event to every channel whose connection exists (`slack_default`, `smtp_default`).

    Args:
        event: a key of TITLES.
        source: task whose result holds the details; by default the task that has the callback.
        when: given the callback's context, says whether there is anything to send; by default always.
    """

    def __init__(self, event, *, source=None, when=None):
        super().__init__()
        self.title = TITLES[event]
        self.event = event
        self.source = source
        self.when = when

    def notify(self, context):
        """Sends to each channel; a failing one neither stops the other nor fails the task."""
        if self.when is not None and not self.when(context):
            return
        lines = describe(context, self._result(context), failed=self.event == "task_failed")
        for channel, connection, send in (
            ("Slack", SLACK_CONNECTION, send_to_slack),
            ("email", EMAIL_CONNECTION, send_by_email),
        ):
            if self._connected(connection):
                self._send(channel, send, lines)

    def _result(self, context):
        if self.event == "task_failed":
            return None
        ti = context["ti"]
        return ti.xcom_pull(task_ids=self.source or ti.task_id)

    def _connected(self, connection):
        try:
            BaseHook.get_connection(connection)
        except AirflowNotFoundException:
            return False
        return True

    def _send(self, channel, send, lines):
        try:
            send(self.title, lines)
        except Exception as error:  # whatever a channel raises, the task's own outcome stands
            # The type only: a message can carry the webhook's address, which is a secret.
            self.log.warning("Alert %s not sent to %s: %s", self.event, channel, type(error).__name__)
        else:
            self.log.info("Alert %s sent to %s", self.event, channel)


def describe(context, result, *, failed):
    """(label, text) lines of an alert: run, task, times, log, exception type, and known details of `result`."""
    ti, dag_run = context["ti"], context["dag_run"]
    exception = context.get("exception")
    looked_at = getattr(context.get("task"), "bucket_key", None)
    lines = [
        ("DAG", ti.dag_id),
        ("Run", ti.run_id),
        ("Task", ti.task_id),
        ("Run after", dag_run.run_after),
        ("Started", ti.start_date),
        ("Ended", ti.end_date),
        ("Exception", type(exception).__name__ if isinstance(exception, BaseException) else exception and "unknown"),
        ("Looked at", looked_at if failed else None),
        *details(result),
        ("Log", ti.log_url),
    ]
    return [(label, str(value)) for label, value in lines if value not in (None, "")]


def details(result):
    """(label, text) pairs of the known keys in a task's result, which is a dictionary or a list of them."""
    results = result if isinstance(result, list | tuple) else [result]
    for entry in results:
        if isinstance(entry, dict):
            yield from (
                (PAGES.get(key) or key.replace("_", " ").capitalize(), _short(entry.get(key))) for key in DETAILS
            )


def _short(value):
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value


def send_to_slack(title, lines):
    """Posts to the incoming webhook of `slack_default`. Raises what the hook raises."""
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    text = "\n".join([f"*{title}*", *(f"{label}: {_escape(value)}" for label, value in lines)])
    SlackWebhookHook(slack_webhook_conn_id=SLACK_CONNECTION, timeout=SLACK_TIMEOUT).send(text=text)


def _escape(text):
    """Slack's three control characters as entities, so that a value cannot write a link or a mention."""
    return html.escape(text, quote=False)


def _linked(text):
    """HTML of a value, a web address as a link."""
    shown = html.escape(text)
    return f'<a href="{shown}">{shown}</a>' if text.startswith(("http://", "https://")) else shown


def send_by_email(title, lines):
    """Sends HTML through the server of `smtp_default` to the settings' alert_email. Raises what the hook raises."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    from include.settings import settings

    rows = "".join(f"<tr><th align=left>{html.escape(k)}</th><td>{_linked(v)}</td></tr>" for k, v in lines)
    receiver = settings().alerts.email
    with SmtpHook(smtp_conn_id=EMAIL_CONNECTION) as hook:
        hook.send_email_smtp(
            to=receiver,
            from_email=hook.from_email or receiver,
            subject=f"[lead-conversion] {title}",
            html_content=f"<h3>{html.escape(title)}</h3><table>{rows}</table>",
        )
