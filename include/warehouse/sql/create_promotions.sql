CREATE TABLE IF NOT EXISTS {{ promotions }} (
    decided_at TIMESTAMP NOT NULL,
    model VARCHAR(256) NOT NULL,
    version VARCHAR(32) NOT NULL,
    previous_version VARCHAR(32),
    verdict VARCHAR(32) NOT NULL,
    reasons VARCHAR(4096) NOT NULL,
    run_id VARCHAR(256) NOT NULL
)
DISTSTYLE AUTO SORTKEY (decided_at)
