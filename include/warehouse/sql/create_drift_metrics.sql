CREATE TABLE IF NOT EXISTS {{ drift }} (
    run_id VARCHAR(256) NOT NULL,
    checked_at TIMESTAMP NOT NULL,
    column_name VARCHAR(256) NOT NULL,
    method VARCHAR(64),
    score DOUBLE PRECISION,
    threshold DOUBLE PRECISION,
    drifted BOOLEAN,
    missing_reference DOUBLE PRECISION,
    missing_current DOUBLE PRECISION,
    drifted_share DOUBLE PRECISION,
    verdict VARCHAR(32) NOT NULL,
    triggers VARCHAR(64),
    confirmed BOOLEAN NOT NULL,
    champion_version VARCHAR(32)
)
DISTSTYLE AUTO SORTKEY (checked_at)
