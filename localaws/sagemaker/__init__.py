"""Run SageMaker: training jobs and endpoints as processes, each on a folder tree like that of its container."""
