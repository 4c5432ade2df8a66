{# When the last analysis before this one was done with its leads: every one except a drift that starts a retrain. #}
SELECT CAST(MAX(checked_at) AS VARCHAR) AS moment
FROM {{ drift }}
WHERE (verdict <> 'drift' OR NOT confirmed)
    AND LEFT(run_id, {{ series | length }}) = {{ series | literal }} AND run_id <> {{ run_id | literal }}
    AND checked_at < {{ before | timestamp }}
