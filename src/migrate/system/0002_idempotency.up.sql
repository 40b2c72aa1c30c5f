-- The answer to each request that carried an Idempotency-Key, so that its repetition gets the same answer and changes nothing.
-- `status`, `body` and `headers` are null while the request is under way; `fingerprint` tells a repetition from another request.
CREATE TABLE plinth_idempotency (
  key text NOT NULL,
  actor text NOT NULL,
  route text NOT NULL,
  fingerprint bytea NOT NULL,
  status integer,
  body text,
  headers jsonb,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (actor, route, key)
);

-- For the clean-up, which deletes what has expired in small batches, oldest first.
CREATE INDEX plinth_idempotency_expires_at_idx ON plinth_idempotency (expires_at);
