{# What was said of a lead that the warehouse does not have, or has no more, goes by its own age. #}
DELETE FROM {{ feedback }}
WHERE stored_at < {{ before | timestamp }}
    AND {{ contract.key }} NOT IN (SELECT {{ contract.key }} FROM {{ leads }})
