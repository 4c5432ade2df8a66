"""What brings the project to AWS: packaging for MWAA."""
