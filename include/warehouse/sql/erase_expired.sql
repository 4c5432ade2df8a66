{# In one transaction, the table of leads last: the other tables are told from it which leads those are. #}
{% from "expired_leads.jinja" import expired with context %}
DELETE FROM {{ table }}
WHERE {{ contract.key }} IN (
    {{ expired() -}}
)
