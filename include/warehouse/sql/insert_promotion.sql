{# Values travel as parameters of the Data API: a reason is free text, and Redshift reads backslashes in literals.
   VARCHAR alone would be VARCHAR(256) in a cast, and cut. #}
INSERT INTO {{ promotions }} ({{ entry | join(", ") }}, happened_at)
SELECT
{% for name in entry %}
    CAST({{ "NULL" if name in empty else ":" ~ name }} AS VARCHAR(4096)),
{% endfor %}
    {{ happened_at | timestamp }}
WHERE NOT EXISTS (SELECT 1 FROM {{ promotions }} WHERE decision_id = :decision_id AND act = :act)
