CREATE TABLE IF NOT EXISTS {{ promotions }} (
    decision_id VARCHAR(600) NOT NULL,
    act VARCHAR(16) NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    actor VARCHAR(256) NOT NULL,
    model VARCHAR(256) NOT NULL,
    stage VARCHAR(16) NOT NULL,
    version VARCHAR(32) NOT NULL,
    champion_version VARCHAR(32),
    verdict VARCHAR(16) NOT NULL,
    rule VARCHAR(16),
    mode VARCHAR(16),
    reason VARCHAR(4096),
    record_uri VARCHAR(1024) NOT NULL,
    files_sha256 VARCHAR(64)
)
DISTSTYLE AUTO SORTKEY (happened_at)
