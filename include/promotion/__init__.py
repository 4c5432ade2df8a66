"""The comparison of champion and challenger, the decision, and its record."""
