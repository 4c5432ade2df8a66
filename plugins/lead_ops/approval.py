"""Ask a person in Airflow's UI, and hand the answer, a no included, to the tasks that follow."""

from airflow.providers.standard.operators.hitl import ApprovalOperator


class RecordedApproval(ApprovalOperator):
    """Ask for approval, and let the next task decide by the answer.

    The parent class skips what follows a rejection and ends without a result, so nobody could record who said no.

    Returns:
        choice ("Approve" or "Reject"), by (the person, None where the time ran out and the default was taken),
        asked_at and answered_at (ISO 8601).
    """

    def execute(self, context):
        """Ask the question; the task then waits in the triggerer."""
        ti = context["ti"]
        ti.xcom_push(key="asked_at", value=ti.start_date.isoformat())
        super().execute(context)

    def execute_complete(self, context, event):
        """Return the answer, once it is there."""
        ti = context["ti"]
        answer = super().execute_complete(context, event)
        user = answer["responded_by_user"]
        return {
            "choice": answer["chosen_options"][0],
            "by": user["name"] if user else None,
            "asked_at": ti.xcom_pull(task_ids=ti.task_id, key="asked_at"),
            "answered_at": answer["responded_at"].isoformat(),
        }

    def skip(self, ti, tasks):
        """Skip nothing: the tasks that follow record a rejection."""
