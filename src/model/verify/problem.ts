/** What a verifier reports: where the declaration is wrong, why, and how to mend it. */
import type { Resource } from '../resource.ts'

export interface Problem {
  /** `resource "post", field "title"`. */
  readonly where: string
  readonly what: string
  /** The mend, as code where it is code. */
  readonly mend: string
}

/** The declarations as they came, before anything is derived. */
export interface Declarations {
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly resources: readonly Resource[]
}

/** One rule over the whole declaration. */
export type Verifier = (declarations: Declarations) => readonly Problem[]

/** Names that no field may have: each resource has them already, or they mean something on a surface. */
export const STANDARD_NAMES = ['id', 'createdAt', 'updatedAt', 'version', 'deletedAt'] as const
