SELECT COUNT(*) AS leads FROM {{ leads }} WHERE {{ contract.label }} IS NULL
