/** Turns the JSON that the store prints into values that code sees. */
import { parseJson } from '../kernel/index.ts'
import type { Json, ResourceModel } from '../model/index.ts'
import type { FieldSet } from './field-set.ts'
import type { PrintedRecord } from './store.ts'

/** A record as code sees it: values by the declared names of its fields. */
export type CodeRecord = Readonly<Record<string, unknown>>

export function decodeRecord(resource: ResourceModel, stored: PrintedRecord): CodeRecord {
  const json = parseJson(stored.json) as Readonly<Record<string, Json>>
  const record: Record<string, unknown> = {}
  for (const field of resource.fields) {
    const value = json[field.column]
    if (value !== undefined) record[field.name] = value === null ? null : field.kind.fromJson(value)
  }
  return record
}

/** The record with the fields of the set alone: what never leaves the service is not shown to code either. */
export function pickFields(set: FieldSet, record: CodeRecord): CodeRecord {
  return Object.fromEntries(set.fields.map((field) => [field.name, record[field.name]]))
}
