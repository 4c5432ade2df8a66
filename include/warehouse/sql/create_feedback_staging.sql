CREATE TABLE IF NOT EXISTS {{ feedback }}_staging (
    id VARCHAR(32) NOT NULL,
    {{ contract.key }} {{ key_type }} NOT NULL,
    rep VARCHAR(256) NOT NULL,
    verdict VARCHAR(16) NOT NULL,
    model_version VARCHAR(32) NOT NULL,
    rep_outcome INTEGER,
    comment VARCHAR(4096),
    given_at TIMESTAMP NOT NULL,
    stored_at TIMESTAMP NOT NULL
)
DISTSTYLE KEY DISTKEY ({{ contract.key }})
