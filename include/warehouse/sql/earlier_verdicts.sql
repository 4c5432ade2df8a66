{# What the newest analyses of the same champion came to, newest first, this run's own left out. #}
SELECT run_id, MAX(verdict) AS verdict
FROM {{ drift }}
WHERE champion_version = {{ champion_version | literal }}
    AND LEFT(run_id, {{ series | length }}) = {{ series | literal }} AND run_id <> {{ run_id | literal }}
    AND checked_at < {{ before | timestamp }}
GROUP BY run_id
ORDER BY MAX(checked_at) DESC
LIMIT {{ count }}
