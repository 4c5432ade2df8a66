"""What the sales team says of scores, and what is done with it."""
