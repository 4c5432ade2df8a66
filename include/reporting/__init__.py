"""Reports for people: HTML and PNG."""
