DELETE FROM {{ staging }}
WHERE {{ merged_into }} IS NOT NULL
