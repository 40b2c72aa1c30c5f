DROP TABLE plinth_idempotency;
