/**
 * Which columns a statement returns for a record, and how a row becomes the record's JSON.
 *
 * PostgreSQL prints the fields as one JSON object; keys of records come beside it, since base32 is cheap here and dear in SQL. They are
 * written in front: `{"id":"post_…","author_id":"usr_…", …the rest`. Nothing is parsed.
 */
import { encodeTypeIdSuffix, type Uuid } from '../../kernel/index.ts'
import type { FieldModel } from '../../model/index.ts'
import type { FieldSet, StoredRecord } from '../../engine/index.ts'
import { identifier } from '../../sql/index.ts'
import type { Row } from '../driver.ts'

export interface RecordColumns {
  /** For a SELECT list, over a row named `t`. */
  readonly list: string
  /** How many columns that is. */
  readonly count: number
  /** The columns of the table that must be there: for RETURNING. */
  readonly needed: readonly string[]
  /** Reads the record from a row in which its columns begin at `offset`. */
  read(row: Row, offset: number): StoredRecord
}

export function column(field: FieldModel, alias = 't'): string {
  return `${alias}.${identifier(field.column)}`
}

/** A field as PostgreSQL prints it in JSON, under its own name. */
function jsonColumn(field: FieldModel): string {
  const { sqlJson } = field.kind
  return sqlJson === undefined ? column(field) : `${sqlJson(column(field))} AS ${identifier(field.column)}`
}

export function recordColumns(set: FieldSet): RecordColumns {
  const keys = set.fields.filter((field) => field.kind.idPrefix !== undefined)
  const plain = set.fields.filter((field) => field.kind.idPrefix === undefined)
  const json = plain.length === 0 ? `'{}'` : `(SELECT row_to_json(r) FROM (SELECT ${plain.map(jsonColumn).join(', ')}) r)`
  // What stands in front of each key in the JSON, made once.
  const heads = keys.map((field, at) => `${at === 0 ? '{' : ','}"${field.column}":`)
  const quoted = keys.map((field, at) => `${heads[at]}"${field.kind.idPrefix}_`)
  const isOnlyKeys = plain.length === 0
  const [, ...otherKeys] = keys

  return {
    list: ['t."id"', 't."version"', json, ...otherKeys.map((field) => column(field))].join(', '),
    count: 3 + otherKeys.length,
    needed: [...new Set(['id', 'version', ...set.fields.map((field) => field.column)])],
    read: (row, offset) => {
      const id = row[offset] as Uuid
      let text = `${quoted[0]}${encodeTypeIdSuffix(id)}"`
      for (let at = 1; at < keys.length; at++) {
        const key = row[offset + 2 + at]
        text += key === null || key === undefined ? `${heads[at]}null` : `${quoted[at]}${encodeTypeIdSuffix(key)}"`
      }
      const rest = row[offset + 2] ?? '{}'
      return { id, version: Number(row[offset + 1]), json: isOnlyKeys ? `${text}}` : `${text},${rest.slice(1)}` }
    },
  }
}
