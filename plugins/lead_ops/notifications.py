"""Send alerts about the model's life to Slack and by email, from task callbacks.

Airflow runs task callbacks in the task's own process, after it has recorded the task's state. Connections can be
looked up there and include/ can be imported. The state does not depend on an alert: a channel that fails is logged,
nothing else happens.

To add an alert, add its event to TITLES, and give a task a `Notifier` of that event (docs/how-to-add.md).
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
"""Event to the title of its alert."""

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
"""Keys of a task's result that an alert shows, in this order; anything else stays out of it."""


class Notifier(BaseNotifier):
    """Send one event to every channel whose connection exists (`slack_default`, `smtp_default`).

    Args:
        event: a key of TITLES.
        source: task whose result holds the details; by default the task that has the callback.
        when: function of the callback's context that returns whether to send the alert; by default always.
    """

    def __init__(self, event, *, source=None, when=None):
        super().__init__()
        self.title = TITLES[event]
        self.event = event
        self.source = source
        self.when = when

    def notify(self, context):
        """Send the alert to each channel; a failing channel neither stops the other nor fails the task."""
        if self.when is not None and not self.when(context):
            return
        lines = describe(
            context, self._result(context), failed=self.event == "task_failed"
        )
        self._send("Slack", SLACK_CONNECTION, self._send_to_slack, lines)
        self._send("email", EMAIL_CONNECTION, self._send_by_email, lines)

    def _result(self, context):
        """Return the result of the source task; a failed task has none."""
        if self.event == "task_failed":
            return None
        ti = context["ti"]
        return ti.xcom_pull(task_ids=self.source or ti.task_id)

    def _send(self, channel, connection, send, lines):
        """Send the lines to one channel if it is connected, and log how that ended."""
        if not connection_exists(connection):
            return
        try:
            send(lines)
        except (
            Exception
        ) as error:  # whatever a channel raises, the task's own outcome stands
            # The type only: a message can carry the webhook's address, which is a secret.
            self.log.warning(
                "Alert %s not sent to %s: %s",
                self.event,
                channel,
                type(error).__name__,
            )
        else:
            self.log.info("Alert %s sent to %s", self.event, channel)

    def _send_to_slack(self, lines):
        send_to_slack(self.title, lines)

    def _send_by_email(self, lines):
        """Send to the address in the settings: this is where settings are looked up for alerts."""
        from include.settings import settings

        send_by_email(settings().alerts.email, self.title, lines)


def connection_exists(name):
    """Return whether Airflow has a connection of this name."""
    try:
        BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return False
    return True


def describe(context, result, *, failed):
    """List what an alert says, as (label, text) pairs.

    Args:
        context: of the task callback.
        result: of the task that has the details.
        failed: whether the alert is about a failed task; it then names the object that a sensor waited for.
    """
    ti = context["ti"]
    waited_for = (
        getattr(context.get("task"), "bucket_key", None) if failed else None
    )
    lines = [
        ("DAG", ti.dag_id),
        ("Run", ti.run_id),
        ("Task", ti.task_id),
        ("Run after", context["dag_run"].run_after),
        ("Started", ti.start_date),
        ("Ended", ti.end_date),
        ("Exception", exception_type(context.get("exception"))),
        ("Looked at", waited_for),
        *details(result),
        ("Log", ti.log_url),
    ]
    return [
        (label, str(value)) for label, value in lines if value not in (None, "")
    ]


def exception_type(exception):
    """Return the type of a callback's exception: its message can hold a secret, so it is never shown."""
    if isinstance(exception, BaseException):
        return type(exception).__name__
    # Airflow may hand over the message alone, as text.
    return "unknown" if exception else None


def details(result):
    """Yield (label, text) for each key of DETAILS in a task's result, which is a dictionary or a list of them."""
    results = result if isinstance(result, list | tuple) else [result]
    for entry in results:
        if not isinstance(entry, dict):
            continue
        for key in DETAILS:
            label = PAGES.get(key) or key.replace("_", " ").capitalize()
            yield label, _short(entry.get(key))


def _short(value):
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value


def send_to_slack(title, lines):
    """Post an alert to the incoming webhook of `slack_default`. Raises what the hook raises."""
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    rows = [f"{label}: {_escape(text)}" for label, text in lines]
    message = "\n".join([f"*{title}*", *rows])
    hook = SlackWebhookHook(
        slack_webhook_conn_id=SLACK_CONNECTION, timeout=SLACK_TIMEOUT
    )
    hook.send(text=message)


def _escape(text):
    """Replace Slack's three control characters by entities, so that a value cannot write a link or a mention."""
    return html.escape(text, quote=False)


def send_by_email(receiver, title, lines):
    """Send an alert as HTML through the server of `smtp_default`. Raises what the hook raises."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    rows = [
        f"<tr><th align=left>{html.escape(label)}</th><td>{_linked(text)}</td></tr>"
        for label, text in lines
    ]
    table = f"<table>{''.join(rows)}</table>"
    with SmtpHook(smtp_conn_id=EMAIL_CONNECTION) as hook:
        hook.send_email_smtp(
            to=receiver,
            from_email=hook.from_email or receiver,
            subject=f"[lead-conversion] {title}",
            html_content=f"<h3>{html.escape(title)}</h3>{table}",
        )


def _linked(text):
    """Return a value as HTML; a web address becomes a link."""
    escaped = html.escape(text)
    if text.startswith(("http://", "https://")):
        return f'<a href="{escaped}">{escaped}</a>'
    return escaped
