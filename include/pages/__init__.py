"""What every page for people shares."""
