"""What stands in for AWS and the inboxes on a laptop, and the replay."""
