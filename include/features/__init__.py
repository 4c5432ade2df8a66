"""From raw contract columns to the model matrix."""
