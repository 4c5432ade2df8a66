COPY {{ staging }}
FROM {{ layout.load(load_id) | literal }}
IAM_ROLE default
FORMAT AS PARQUET
