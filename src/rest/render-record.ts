/** Prints the envelope of one record round the JSON that the store has printed. */

import type { StoredRecord } from '../engine/index.ts'
import { encodeTypeId } from '../kernel/index.ts'
import type { ResourceModel } from '../model/index.ts'
import { recordPath } from './routes.ts'

export interface RecordRenderer {
  /** The record's own address, whichever path led to it. */
  self(record: StoredRecord): string
  /** @param requestId harmless in JSON: the server takes letters, digits, `.`, `_` and `-` only */
  body(record: StoredRecord, self: string, requestId: string): string
}

export function recordRenderer(resource: ResourceModel): RecordRenderer {
  const base = `${recordPath(resource)}/`
  const { idPrefix } = resource
  return {
    self: (record) => base + encodeTypeId(idPrefix, record.id),
    body: (record, self, requestId) => `{"data":${record.json},"meta":{"request_id":"${requestId}"},"links":{"self":"${self}"}}`,
  }
}
