/**
 * Which columns a statement returns for a record, and how a row becomes the record's JSON.
 *
 * PostgreSQL prints the fields as one JSON object; keys of records come beside it, since base32 is cheap here and dear in SQL.
 * They are written in front: `{"id":"post_…","author_id":"usr_…", …the rest`. Nothing is parsed.
 */

import type { FieldSet, PrintedRecord, StoredRecord } from '../../engine/index.ts'
import { encodeTypeIdSuffix, type Uuid } from '../../kernel/index.ts'
import type { FieldModel } from '../../model/index.ts'
import { identifier } from '../../sql/index.ts'
import type { Row } from '../driver.ts'

export interface RecordColumns<Printed extends PrintedRecord = StoredRecord> {
  /** For a SELECT list, over a row named `t`. */
  readonly list: string
  /** The types of these columns, in order. */
  readonly types: readonly string[]
  readonly count: number
  /** The columns of the table that must be there: for RETURNING. */
  readonly needed: readonly string[]
  /** Reads the record from a row that begins with its columns. */
  read(row: Row): Printed
}

export function column(field: FieldModel, alias = 't'): string {
  return `${alias}.${identifier(field.column)}`
}

/** A field as PostgreSQL prints it in JSON, under its own name. */
function jsonColumn(field: FieldModel): string {
  const { sqlJson } = field.kind
  return sqlJson === undefined ? column(field) : `${sqlJson(column(field))} AS ${identifier(field.column)}`
}

/** The columns of a record whose version matters: all but those of a list. */
export function recordColumns(set: FieldSet): RecordColumns {
  const printed = printedColumns(set)
  const at = printed.count
  return {
    list: `${printed.list}, t."version"`,
    types: [...printed.types, 'integer'],
    count: at + 1,
    needed: [...new Set([...printed.needed, 'version'])],
    read: (row) => {
      const { id, json } = printed.read(row)
      return { id, version: Number(row[at]), json }
    },
  }
}

/** The columns of a record that is only printed. Each costs at every row of a page, so there are no more than that takes. */
export function printedColumns(set: FieldSet): RecordColumns<PrintedRecord> {
  const keys = set.fields.filter((field) => field.kind.idPrefix !== undefined)
  const plain = set.fields.filter((field) => field.kind.idPrefix === undefined)
  const json = plain.length === 0 ? `'{}'` : `(SELECT row_to_json(r) FROM (SELECT ${plain.map(jsonColumn).join(', ')}) r)`
  // What stands in front of each key in the JSON, made once.
  const heads = keys.map((field, at) => `${at === 0 ? '{' : ','}"${field.column}":`)
  const quoted = keys.map((field, at) => `${heads[at]}"${field.kind.idPrefix}_`)
  const isOnlyKeys = plain.length === 0
  const [, ...otherKeys] = keys

  return {
    list: ['t."id"', json, ...otherKeys.map((field) => column(field))].join(', '),
    types: ['uuid', 'json', ...otherKeys.map(() => 'uuid')],
    count: 2 + otherKeys.length,
    needed: [...new Set(['id', ...set.fields.map((field) => field.column)])],
    read: (row) => {
      const id = row[0] as Uuid
      let text = `${quoted[0]}${encodeTypeIdSuffix(id)}"`
      for (let at = 1; at < keys.length; at++) {
        const key = row[at + 1]
        text += key === null || key === undefined ? `${heads[at]}null` : `${quoted[at]}${encodeTypeIdSuffix(key)}"`
      }
      return { id, json: isOnlyKeys ? `${text}}` : `${text},${(row[1] ?? '{}').slice(1)}` }
    },
  }
}
