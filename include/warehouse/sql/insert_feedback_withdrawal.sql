INSERT INTO {{ withdrawals }} (caller, withdrawn_at, reason)
VALUES (:caller, {{ withdrawn_at | timestamp }}, :reason)
