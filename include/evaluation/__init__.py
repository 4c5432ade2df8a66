"""Figures of a model: how good it is, how sure that is, and why it scores as it does."""
