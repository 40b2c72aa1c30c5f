/** What a resource can do beyond the standard operations, actions and exchanges alike. */
import type { RefusalDeclaration } from '../action.ts'
import type { FieldMap } from '../field.ts'
import type { Resource } from '../resource.ts'

export interface CustomOperation {
  readonly word: 'action' | 'exchange'
  readonly name: string
  readonly verb: string
  readonly refusals: Readonly<Record<string, RefusalDeclaration>>
  /** What callers give. */
  readonly input: FieldMap
  /** What it tells in messages of its own; an action answers with the record. */
  readonly answer: FieldMap
}

export function customOperations(resource: Resource): readonly CustomOperation[] {
  return [
    ...Object.entries(resource.actions).map(([name, { verb = name, refusals, input }]) => {
      return { word: 'action' as const, name, verb, refusals, input, answer: {} }
    }),
    ...Object.entries(resource.exchanges).map(([name, { verb = name, refusals, receives, sends }]) => {
      return { word: 'exchange' as const, name, verb, refusals, input: receives, answer: sends }
    }),
  ]
}
