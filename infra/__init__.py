"""Bring the project to AWS: packaging, stacks, checks, deployment and costs."""
