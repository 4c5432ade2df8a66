{# Of all pairs of reps that judged the same lead's score by the same model version, how many said the same. #}
SELECT stage, model_version, CAST(SUM(flags * (flags - 1) / 2) AS BIGINT) AS pairs, CAST(SUM(
    called_right * (called_right - 1) / 2 + too_high * (too_high - 1) / 2 + too_low * (too_low - 1) / 2
) AS BIGINT) AS agreeing
FROM (
    SELECT
        flag.stage,
        flag.model_version,
        COUNT(*) AS flags,
        SUM(CASE WHEN flag.verdict = 'right' THEN 1 ELSE 0 END) AS called_right,
        SUM(CASE WHEN flag.verdict = 'too_high' THEN 1 ELSE 0 END) AS too_high,
        SUM(CASE WHEN flag.verdict = 'too_low' THEN 1 ELSE 0 END) AS too_low
{% include "newest_verdicts.jinja" %}
    GROUP BY flag.stage, flag.model_version, flag.{{ contract.key }}
) AS judged
GROUP BY stage, model_version
