DELETE FROM {{ feedback }}_staging
