COPY {{ scores }}
FROM {{ layout.scores(run_id) | literal }}
IAM_ROLE default
FORMAT AS PARQUET
