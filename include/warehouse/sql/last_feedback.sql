{# Up to when feedback has been collected: when the newest object of it was stored. #}
SELECT CAST(MAX(stored_at) AS VARCHAR) AS moment FROM {{ feedback }}
