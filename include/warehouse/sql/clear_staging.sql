{# DELETE, not TRUNCATE: Redshift commits at a TRUNCATE, which would split the load's transaction. #}
DELETE FROM {{ staging }}
