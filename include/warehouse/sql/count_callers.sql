{# How much each caller has said that counts, the loudest first. #}
{% from "counted_feedback.jinja" import counted with context %}
SELECT caller, COUNT(*) AS flags, COUNT(DISTINCT rep) AS reps
FROM {{ counted() }} AS flag
GROUP BY caller
ORDER BY COUNT(*) DESC, caller
