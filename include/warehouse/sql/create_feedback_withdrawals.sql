{# What a caller has said up to a moment counts no more (docs/feedback.md). #}
CREATE TABLE IF NOT EXISTS {{ withdrawals }} (
    caller VARCHAR(320) NOT NULL,
    withdrawn_at TIMESTAMP NOT NULL,
    reason VARCHAR(4096)
)
DISTSTYLE ALL
