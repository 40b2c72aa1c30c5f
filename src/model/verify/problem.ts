/** What a verifier reports: where the declaration is wrong, why, and how to mend it. */
import type { AccountsDeclaration } from '../accounts.ts'
import type { Flaw } from '../kind.ts'
import type { Resource } from '../resource.ts'

export interface Problem extends Flaw {
  /** `resource "post", field "title"`. */
  readonly where: string
}

/** The declarations as they came, before anything is derived. */
export interface Declarations {
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly resources: readonly Resource[]
  readonly accounts?: AccountsDeclaration | undefined
}

/** One rule over the whole declaration. */
export type Verifier = (declarations: Declarations) => readonly Problem[]

/** Names that no field may have: each resource has them already, or they mean something on a surface. */
export const STANDARD_NAMES = ['id', 'createdAt', 'updatedAt', 'version', 'deletedAt'] as const

/** The standard fields that lists and conditions may use as if they were declared. */
export const STANDARD_TIMES: readonly string[] = ['createdAt', 'updatedAt']
