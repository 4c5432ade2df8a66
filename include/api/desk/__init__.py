"""The lead desk: server-rendered pages on which the sales team sees, scores and judges leads."""
