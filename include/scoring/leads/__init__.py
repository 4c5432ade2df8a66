"""Read leads as callers write them: the names that are recognised, the values, and frames of them."""
