{% from "counted_feedback.jinja" import counted with context %}
SELECT
    COUNT(*) AS flags,
    COALESCE(SUM(CASE WHEN lead_known THEN 0 ELSE 1 END), 0) AS unknown_leads,
    COUNT(outcome) AS with_outcome
FROM {{ counted() }} AS flag
