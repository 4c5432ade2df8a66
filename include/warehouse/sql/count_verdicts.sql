{# How often each rep called a model version's scores right, too high and too low: the newest verdict on each lead. A
   verdict is borne out when the outcome says so: not converted after too high, converted after too low, as predicted
   after right. Versions are numbered by stage. #}
SELECT
    flag.stage,
    flag.model_version,
    flag.rep,
    COUNT(*) AS flags,
    SUM(CASE WHEN flag.verdict = 'right' THEN 1 ELSE 0 END) AS called_right,
    SUM(CASE WHEN flag.verdict = 'too_high' THEN 1 ELSE 0 END) AS too_high,
    SUM(CASE WHEN flag.verdict = 'too_low' THEN 1 ELSE 0 END) AS too_low,
    SUM(CASE
        WHEN flag.outcome IS NULL OR (flag.verdict = 'right' AND scored.prediction IS NULL) THEN 0 ELSE 1
    END) AS judged,
    SUM(CASE
        WHEN flag.verdict = 'too_high' AND flag.outcome = 0 THEN 1
        WHEN flag.verdict = 'too_low' AND flag.outcome = 1 THEN 1
        WHEN flag.verdict = 'right' AND flag.outcome = scored.prediction THEN 1
        ELSE 0
    END) AS borne_out
{% include "newest_verdicts.jinja" %}
GROUP BY flag.stage, flag.model_version, flag.rep
ORDER BY flag.stage, flag.model_version, flag.rep
