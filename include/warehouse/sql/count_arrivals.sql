{% from "candidates.jinja" import arrived_at with context %}
{# How many leads arrived in each of `periods`, pairs of moments; NULL for one that began before the first lead. #}
SELECT
{% for since, until in periods %}
    CASE WHEN MIN({{ arrived_at() }}) <= {{ since | timestamp }} THEN SUM(
        CASE WHEN {{ arrived_at() }} > {{ since | timestamp }} AND {{ arrived_at() }} <= {{ until | timestamp }} THEN 1 ELSE 0 END
    ) END AS period_{{ loop.index }}{{ "," if not loop.last }}
{% endfor %}
FROM {{ leads }}
{% if contract.given %}
WHERE {{ contract.given }} = 1
{% endif %}
