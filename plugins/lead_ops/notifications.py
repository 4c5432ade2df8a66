"""Send alerts about the model's life to Slack and by email, from task callbacks.

Airflow runs task callbacks in the task's own process, after it has recorded the task's state. Connections can be
looked up there and include/ can be imported. The state does not depend on an alert: a channel that fails is logged,
nothing else happens.

What an alert says is made in `lead_ops.alerts`, once for both channels (docs/alerts.md). To add an alert, add its event
to EVENTS there, and give a task a `Notifier` of that event (docs/how-to-add.md).
"""

import re

from airflow.sdk import BaseHook, BaseNotifier
from airflow.sdk.exceptions import AirflowNotFoundException

from lead_ops.alerts.alert import Origin
from lead_ops.alerts.content import EVENTS, make_alert

SLACK_CONNECTION = "slack_default"
EMAIL_CONNECTION = "smtp_default"
SLACK_TIMEOUT = 5
"""Seconds; a task's process is ended 20 s after its state is final (core.task_success_overtime)."""
RESULT = "return_value"
ALERT = "alert"
"""XCom key under which a task leaves what its alert says, where its result is something else."""


class Notifier(BaseNotifier):
    """Send one event to every channel whose connection exists (`slack_default`, `smtp_default`).

    Args:
        event: a key of EVENTS.
        source: task whose result holds the details; by default the task that has the callback.
        key: XCom key of the details; by default the task's result.
        when: function of the callback's context that returns whether to send the alert; by default always.
    """

    def __init__(self, event, *, source=None, key=RESULT, when=None):
        super().__init__()
        self.title = EVENTS[event].title
        self.event = event
        self.source = source
        self.key = key
        self.when = when

    def notify(self, context):
        """Send the alert to each channel; a failing channel neither stops the other nor fails the task."""
        if self.when is not None and not self.when(context):
            return
        alert = make_alert(
            self.event, self._details(context), Origin.of(context)
        )
        self._send("Slack", SLACK_CONNECTION, send_to_slack, alert)
        self._send("email", EMAIL_CONNECTION, self._send_by_email, alert)

    def _details(self, context):
        """Return the details that the source task left; a failed task leaves at most why it failed."""
        ti = context["ti"]
        if self.event == "task_failed":
            return self._why_failed(ti)
        if self.source:
            return ti.xcom_pull(task_ids=self.source, key=self.key)
        return self._own_details(ti, self.key)

    def _why_failed(self, ti):
        """Return what a failed task left under ALERT; None where it left nothing, or where nobody can ask for it."""
        try:
            return self._own_details(ti, ALERT)
        except Exception as error:  # the alert goes out without the reason
            self.log.warning(
                "No reason of the failure: %s", type(error).__name__
            )
            return None

    def _own_details(self, ti, key):
        """Return what the task instance itself left under a key."""
        map_index = getattr(ti, "map_index", None)
        if map_index is None or map_index < 0:
            return ti.xcom_pull(task_ids=ti.task_id, key=key)
        # Without the index, the details of every mapped instance would come.
        return ti.xcom_pull(task_ids=ti.task_id, key=key, map_indexes=map_index)

    def _send(self, channel, connection, send, alert):
        """Send the alert to one channel if it is connected, and log how that ended."""
        if not connection_exists(connection):
            return
        try:
            send(alert)
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

    def _send_by_email(self, alert):
        """Send to the address in the settings: this is where settings are looked up for alerts."""
        from include.settings import settings

        send_by_email(settings().alerts.email, alert)


def connection_exists(name):
    """Return whether Airflow has a connection of this name."""
    try:
        BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return False
    return True


def send_to_slack(alert):
    """Post an alert to the incoming webhook of `slack_default`. Raises what the hook raises."""
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    from lead_ops.alerts.slack import as_slack

    hook = SlackWebhookHook(
        slack_webhook_conn_id=SLACK_CONNECTION, timeout=SLACK_TIMEOUT
    )
    hook.send(**as_slack(alert))


def send_by_email(receivers, alert):
    """Send an alert through the server of `smtp_default`. Raises what the hook raises.

    Args:
        receivers: one address, or several with commas or semicolons between them.
        alert: what happened.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    from lead_ops.alerts.mail import as_mail

    addresses = re.split(r"\s*[,;]\s*", receivers.strip())
    with SmtpHook(smtp_conn_id=EMAIL_CONNECTION) as hook:
        sender = hook.from_email or addresses[0]
        mail = as_mail(alert, sender, ", ".join(addresses))
        # The hook connects and logs in, but the mails that it builds itself have no part of text.
        hook._smtp_client.send_message(mail, sender, addresses)
