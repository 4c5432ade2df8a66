DELETE FROM {{ scores }} WHERE run_id = {{ run_id | literal }}
