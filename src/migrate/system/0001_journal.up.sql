-- One row for each change, written in the transaction of the change: outbox and audit trail in one.
-- The primary key is the only index: every write of the service pays for each index here, readers follow `position`, and what
-- else is asked (the history of one record) is asked rarely and by people.
-- `transaction_id` lets a reader stop before transactions still open, whose rows have lower positions than some it can see.
CREATE TABLE plinth_journal (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz(3) NOT NULL,
  resource text NOT NULL,
  record_id uuid NOT NULL,
  operation text NOT NULL,
  version integer NOT NULL,
  actor text,
  request_id text,
  changed jsonb
);
