"""Airflow's own operator for SageMaker training jobs, with the stop that the provider leaves out."""

from airflow.providers.amazon.aws.operators import sagemaker


class SageMakerTrainingOperator(sagemaker.SageMakerTrainingOperator):
    """Makes sure that no job runs on, and costs money, without a task that waits for it.

    A task that is killed or out of time stops its job. A worker that dies cannot; so each try first stops what an
    earlier one may have left under the config's name, and then gets a name of its own if that one is taken.
    """

    def execute(self, context):
        """Run the job to its end and return its description. Raises AirflowException if it fails or is stopped."""
        self._stop()
        return super().execute(context)

    def on_kill(self):
        """Stop the job; the task then ends as failed, because the job does not complete."""
        self._stop()

    def _stop(self):
        """Ask SageMaker to stop the job; nothing happens where there is none or it has ended."""
        from botocore.exceptions import ClientError

        name = self.config[
            "TrainingJobName"
        ]  # by now the one that `execute` gave the job
        try:
            self.hook.conn.stop_training_job(TrainingJobName=name)
        except ClientError as error:
            self.log.info("No training job to stop: %s", error)
        else:
            self.log.info(
                "Asked SageMaker to stop training job %s if it still runs", name
            )
