{# Leads whose outcome has been known since before `before`. #}
{% from "expired_leads.jinja" import expired with context %}
SELECT COUNT(*) AS leads FROM (
    {{ expired() -}}
) AS expired
