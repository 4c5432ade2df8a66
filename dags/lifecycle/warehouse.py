"""Redshift statements as tasks: SQL from include/warehouse/sql/, run through the Data API."""

from airflow.providers.amazon.aws.operators import redshift_data

from lifecycle.defaults import API_CALL
from lifecycle.macros import BETWEEN


class RedshiftDataOperator(redshift_data.RedshiftDataOperator):
    """Run the statements that the templates give; one template may give several, or none."""

    def execute(self, context):
        """Run all statements in one transaction, in order. Raises AirflowException where one fails."""
        statements = []
        for text in self.sql:
            statements += [part for part in text.split(BETWEEN) if part]
        self.sql = statements
        return super().execute(context)


def statements(task_id, *sql, **arguments):
    """Return one task that runs `sql` in one transaction, signed with the task's own AWS identity: no secret.

    Args:
        task_id: the task's id.
        *sql: templates, usually `{{ sql('name', …) }}`.
        **arguments: whatever else the operator takes.
    """
    task = RedshiftDataOperator(
        task_id=task_id,
        sql=list(sql),
        workgroup_name="{{ names.settings.redshift.workgroup }}",
        database="{{ names.settings.redshift.database }}",
        poll_interval=2,
        # Not deferrable: on 3.2.1 a trigger that fires before the scheduler has seen the task's process end fails the
        # try (apache/airflow#66374, #67287, #72716), and these statements take seconds.
        deferrable=False,
        **{**API_CALL, **arguments},
    )
    # From Airflow 3.3 on the operator else takes the statement of an earlier try of the run for the result, also where
    # it succeeded: a cleared task would load nothing. Set here, as 3.2's operator has no such argument.
    task.durable = False
    return task
