{# A flag that names no stage gets that of the score which its model version gave the lead. Versions are numbered by
   stage: where two stages' versions of this number scored the lead, the flag stays without. #}
{% set flag, key = contract.names.feedback_table, contract.key %}
UPDATE {{ feedback }} SET
    stage = scored.stage
FROM (
    SELECT {{ key }}, model_version, MIN(stage) AS stage
    FROM {{ scores }}
    WHERE {{ key }} IN (SELECT {{ key }} FROM {{ feedback }} WHERE stage IS NULL)
    GROUP BY {{ key }}, model_version
    HAVING MIN(stage) = MAX(stage)
) AS scored
WHERE {{ flag }}.{{ key }} = scored.{{ key }}
    AND {{ flag }}.model_version = scored.model_version
    AND {{ flag }}.stage IS NULL
