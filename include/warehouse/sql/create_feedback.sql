{# `outcome` is the warehouse's own label once it is known; `rep_outcome` is what the rep says became of the lead. #}
CREATE TABLE IF NOT EXISTS {{ feedback }} (
    id VARCHAR(32) NOT NULL,
    {{ contract.key }} {{ key_type }} NOT NULL,
    rep VARCHAR(256) NOT NULL,
    verdict VARCHAR(16) NOT NULL,
    model_version VARCHAR(32) NOT NULL,
    rep_outcome INTEGER,
    comment VARCHAR(4096),
    given_at TIMESTAMP NOT NULL,
    stored_at TIMESTAMP NOT NULL,
    lead_known BOOLEAN NOT NULL,
    outcome INTEGER,
    outcome_at TIMESTAMP
)
DISTSTYLE KEY DISTKEY ({{ contract.key }}) SORTKEY (given_at)
