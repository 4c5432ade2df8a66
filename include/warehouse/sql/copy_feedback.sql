COPY {{ feedback }}_staging
FROM {{ layout.collected_feedback(run_id) | literal }}
IAM_ROLE default
FORMAT AS PARQUET
