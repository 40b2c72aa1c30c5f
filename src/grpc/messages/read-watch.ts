/** Reads what a watcher wants to hear. */
import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { WatchInput } from '../../engine/index.ts'
import type { ResourceModel } from '../../model/index.ts'
import { CHANGE_KINDS } from '../describe/draft-messages.ts'
import { changeKindNumber } from './change-kinds.ts'
import { Findings } from './findings.ts'
import { fieldOf, memberOf } from './members.ts'
import { idReader, selectionReader } from './read-target.ts'

export function watchReader(resource: ResourceModel, schema: DescMessage): (request: Message) => WatchInput {
  const [id, kinds, after] = ['id', 'kinds', 'after'].map((name) => memberOf(schema, name))
  const readId = idReader(resource, schema)
  const readFields = selectionReader(resource, schema)
  const kindField = fieldOf(schema, 'kinds')
  const byNumber = new Map(CHANGE_KINDS.map((kind) => [changeKindNumber(kindField, kind), kind]))

  return (request) => {
    const findings = new Findings()
    // The decoder gives a list for each repeated field.
    const read = ((kinds?.(request) ?? []) as readonly number[]).map((number) => byNumber.get(number))
    const known = read.filter((kind) => kind !== undefined)
    if (known.length < read.length) findings.add('kinds', 'choice', `must be some of ${CHANGE_KINDS.join(', ')}`)
    findings.expectNone()
    return {
      id: id?.(request) === '' ? undefined : readId(request),
      kinds: known.length === 0 ? undefined : [...new Set(known)],
      after: (after?.(request) as string | undefined) || undefined,
      fields: readFields(request),
    }
  }
}
