DROP VIEW IF EXISTS {{ current_scores }}
