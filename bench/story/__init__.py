"""Judge models of the story's company against the best possible scores, and its drift analysis against the dates."""
