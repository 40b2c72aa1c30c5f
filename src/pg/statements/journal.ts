/** The journal entry that each change leaves in the statement that makes it: the audit trail, and the outbox of events. */
import type { RequestContext } from '../../engine/index.ts'
import { type Binder, literal } from '../../sql/index.ts'

interface JournalInput {
  readonly context: RequestContext
}

/** A data-modifying CTE over the changed row in `w`; it reads nothing that the change did not return. */
export function printJournal<Input extends JournalInput>(
  resource: string,
  operation: string,
  bind: Binder<Input>,
  changed: (input: Input) => string | null,
): string {
  return `j AS (INSERT INTO "plinth_journal" ("at", "resource", "record_id", "operation", "version", "actor", "request_id", "changed") \
SELECT ${bind('now', 'timestamptz', nowText)}, ${literal(resource)}, w."id", ${literal(operation)}, w."version", \
${bind('subject', 'text', ({ context }) => context.actor.subject)}, ${bind('request', 'text', ({ context }) => context.requestId)}, ${bind('changed', 'jsonb', changed)} FROM w)`
}

export function nowText({ context }: JournalInput): string {
  return new Date(context.nowMs).toISOString()
}
