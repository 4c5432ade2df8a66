"""Run the platform on a laptop: the stand-ins for AWS and the inboxes, the replay of leads, and sample data."""
