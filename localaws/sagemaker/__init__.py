"""SageMaker: training jobs and endpoints that run their container's command as a process."""
