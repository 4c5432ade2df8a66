"""SageMaker: training jobs that run their container's command as a process."""
