"""Runs trainings as SageMaker jobs, and deploys the champions as a real-time endpoint of SageMaker.

May import scoring, training and what lies below them; nothing imports it but the DAGs.
"""
