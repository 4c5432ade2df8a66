"""Pictures of how a model does, and of what its score is made of."""
