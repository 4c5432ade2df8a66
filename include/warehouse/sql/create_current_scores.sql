{# One row per open lead: its newest score and the one before it. An outcome ends the score's being current.
   After drop_current_scores.sql in one transaction: Redshift's CREATE OR REPLACE VIEW takes no other columns. #}
{% from "open_leads.jinja" import is_open with context %}
{% set key = contract.key %}
CREATE VIEW {{ current_scores }} AS
SELECT
    ranked.{{ key }} AS {{ key }},
    ranked.score AS score,
    ranked.probability AS probability,
    ranked.prediction AS prediction,
    ranked.tier AS tier,
    ranked.reasons AS reasons,
    ranked.stage AS stage,
    ranked.model_version AS model_version,
    ranked.run_id AS run_id,
    ranked.scored_at AS scored_at,
    ranked.previous_score AS previous_score
FROM (
    SELECT
        {{ key }}, score, probability, prediction, tier, reasons, stage, model_version, run_id, scored_at,
        LAG(score) OVER (PARTITION BY {{ key }} ORDER BY scored_at, run_id) AS previous_score,
        ROW_NUMBER() OVER (PARTITION BY {{ key }} ORDER BY scored_at DESC, run_id DESC) AS age
    FROM {{ scores }}
) AS ranked
JOIN {{ leads }} AS leads ON leads.{{ key }} = ranked.{{ key }}
WHERE ranked.age = 1 AND {{ is_open("leads.") }}
