{# A lead that has become another one is counted there. The row says so, and goes without having been a lead. #}
DELETE FROM {{ leads }}
WHERE {{ contract.key }} IN (SELECT {{ contract.key }} FROM {{ staging }} WHERE {{ merged_into }} IS NOT NULL)
