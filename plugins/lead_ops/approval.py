"""A question to a person in Airflow's UI whose answer, a no included, is there for the tasks that follow."""

from airflow.providers.standard.operators.hitl import ApprovalOperator


class RecordedApproval(ApprovalOperator):
    """Approval whose answer decides by what the next task reads, not by skipping it.

    The parent class skips what follows a rejection and ends without a result, so nobody could record who said no.

    Returns:
        choice ("Approve" or "Reject"), by (the person, None where the time ran out and the default was taken),
        asked_at and answered_at (ISO 8601).
    """

    def execute(self, context):
        """Puts the question; the task then waits in the triggerer."""
        ti = context["ti"]
        ti.xcom_push(key="asked_at", value=ti.start_date.isoformat())
        super().execute(context)

    def execute_complete(self, context, event):
        """Takes the answer."""
        ti, answer = context["ti"], super().execute_complete(context, event)
        user = answer["responded_by_user"]
        return {
            "choice": answer["chosen_options"][0],
            "by": user["name"] if user else None,
            "asked_at": ti.xcom_pull(task_ids=ti.task_id, key="asked_at"),
            "answered_at": answer["responded_at"].isoformat(),
        }

    def skip(self, ti, tasks):
        """Skips nothing."""
