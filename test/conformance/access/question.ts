/** What a row of the table asks of a resource, with the records that it needs, in no surface's words. */
import type { Uuid } from '../../../src/kernel/index.ts'
import type { RestRoute } from '../../../src/rest/index.ts'
import { isOnOwn, postId, type Records, userId } from './records.ts'
import type { Cell } from './surface.ts'
import type { Principal } from './table.ts'

export interface Question {
  readonly route: Pick<RestRoute, 'kind' | 'operation' | 'action'>
  /** The record that is meant: to be changed, or to be found in a list. */
  readonly record: Uuid | undefined
  /** The account whose posts are meant. */
  readonly parent: Uuid | undefined
  /** By column, ids in their outer form. */
  readonly values: Readonly<Record<string, unknown>>
  readonly includesDeleted: boolean
  /** A field that is named: to be shown by a read, to be filtered by in a list. */
  readonly field: string | undefined
}

interface Subject {
  readonly record: (records: Records, owner: Uuid, principal: Principal) => Promise<Uuid | undefined>
  readonly values?: (records: Records) => Readonly<Record<string, unknown>>
  readonly includesDeleted?: boolean
  readonly field?: string
}

/** What rows name in their third column. */
const SUBJECTS: Readonly<Record<string, Subject>> = {
  'a published post': { record: (records, owner) => records.post(owner, 'published') },
  'a draft': { record: (records, owner) => records.post(owner, 'draft') },
  'a deleted post': { record: (records, owner) => records.post(owner, 'deleted') },
  'a deleted post, asked for': { record: (records, owner) => records.post(owner, 'deleted'), includesDeleted: true },
  'a draft, to give away': {
    record: (records, owner) => records.post(owner, 'draft'),
    values: ({ standing }) => ({ author_id: userId(standing.viewer) }),
  },
  'its time of publication': {
    record: (records, owner) => records.post(owner, 'draft'),
    values: () => ({ published_at: '2020-01-01T00:00:00Z' }),
  },
  'an account': { record: (records, owner, principal) => accountFor(records, owner, principal) },
  'the own account': { record: async (records, owner, principal) => records.accountOf(principal) ?? owner },
  'a deleted account': { record: (records) => records.account({ isDeleted: true }) },
  'a deleted account, asked for': { record: (records) => records.account({ isDeleted: true }), includesDeleted: true },
  'its role': { record: (records, owner, principal) => accountFor(records, owner, principal), values: () => ({ role: 'admin' }) },
  'its password': {
    record: (records, owner, principal) => accountFor(records, owner, principal),
    values: () => ({ password: 'violet harbour sings at noon' }),
    field: 'password',
  },
}

/** The editor's own, or one that is made for the cell, since it may be changed. */
function accountFor(records: Records, owner: Uuid, principal: Principal): Promise<Uuid> {
  return isOnOwn(principal) ? Promise.resolve(owner) : records.account()
}

export async function readQuestion(route: RestRoute, { row, principal, records }: Cell): Promise<Question> {
  const subject = SUBJECTS[row.what]
  if (subject === undefined)
    throw new Error(`Cannot ask "${row.operation}" of "${row.what}": expected one of ${Object.keys(SUBJECTS).join(', ')}`)
  const owner = records.ownerFor(principal)
  const isMade = route.kind === 'create'
  return {
    route,
    record: isMade ? undefined : await subject.record(records, owner, principal),
    parent: route.nesting === undefined ? undefined : owner,
    values: { ...baseValues(route, records, owner), ...subject.values?.(records) },
    includesDeleted: subject.includesDeleted === true,
    field: subject.field,
  }
}

/** Just what the operation needs. */
function baseValues({ kind, resource, nesting }: RestRoute, records: Records, owner: Uuid): Readonly<Record<string, unknown>> {
  const isWhole = kind === 'create' || kind === 'replace'
  if (!isWhole && kind !== 'update') return {}
  if (resource.name === 'user') return { display_name: 'Somebody else', ...(isWhole && { email: records.address() }) }
  return {
    title: 'On the Difference Engine',
    ...(isWhole && { body: 'It computes.' }),
    ...(isWhole && nesting === undefined && { author_id: userId(owner) }),
  }
}

/** The id of the record in its outer form. */
export function outerId({ resource }: Pick<RestRoute, 'resource'>, id: Uuid): string {
  return resource.name === 'user' ? userId(id) : postId(id)
}
