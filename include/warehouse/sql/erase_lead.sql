{# `:key` travels as a parameter: it is a person's, and may hold any sign. #}
DELETE FROM {{ table }} WHERE {{ contract.key }} = :key
