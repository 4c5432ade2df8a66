"""SageMaker: training jobs and the real-time endpoint."""
