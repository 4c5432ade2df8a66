CREATE TABLE IF NOT EXISTS {{ scores }} (
    {{ contract.key }} {{ key_type }} NOT NULL,
    score INTEGER NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    prediction INTEGER NOT NULL,
    tier VARCHAR(8) NOT NULL,
    reasons VARCHAR(8192),
    stage VARCHAR(16) NOT NULL,
    model_version VARCHAR(32) NOT NULL,
    run_id VARCHAR(256) NOT NULL,
    scored_at TIMESTAMP NOT NULL
)
DISTSTYLE KEY DISTKEY ({{ contract.key }}) SORTKEY (scored_at)
