/** A domain: the resources and roles of one service, verified and derived. Everyone else reads the declaration through it. */
import type { Refusal } from '../kernel/index.ts'
import { refusal } from '../kernel/index.ts'
import { type AccountsDeclaration, type AccountsModel, deriveAccounts } from './accounts.ts'
import { deriveResources, type ResourceModel } from './derive.ts'
import type { Resource } from './resource.ts'
import { customOperations } from './verify/custom-operations.ts'
import { type Problem, verifyDeclarations } from './verify/index.ts'

export interface DomainDeclaration {
  /** Names the service in logs, metrics, tokens and cache keys. Lower-case letters, digits and hyphens. */
  readonly name: string
  /** The permissions of each role, `<resource>:<verb>`. */
  readonly roles?: Readonly<Record<string, readonly string[]>>
  // biome-ignore lint/suspicious/noExplicitAny: resources differ in their fields.
  readonly resources: readonly Resource<string, any>[]
  /**
   * Which resource holds the accounts. Without it the service knows nobody by itself, and believes the tokens of another issuer.
   */
  readonly accounts?: AccountsDeclaration
}

export interface Domain {
  readonly name: string
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly resources: readonly ResourceModel[]
  /** The accounts, if the domain keeps any. */
  readonly accounts: AccountsModel | undefined
  /** The resource that was declared under this name; throws when there is none. */
  resource(name: string): ResourceModel
  /** Everything that actions and exchanges may refuse by: the domain's own rows of the error catalogue. */
  readonly refusals: readonly Refusal[]
}

/** The declaration is wrong; `problems` tells where and how to mend it. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError'
  readonly problems: readonly Problem[]

  constructor(domain: string, problems: readonly Problem[]) {
    const lines = problems.map(({ where, what, mend }) => `  ${where}: ${what}\n      mend: ${mend}`)
    super(
      `Cannot start the domain "${domain}": ${problems.length === 1 ? 'one thing is' : `${problems.length} things are`} wrong with its declaration\n${lines.join('\n')}`,
    )
    this.problems = problems
  }
}

/**
 * Puts resources and roles together into a domain.
 *
 * @throws `DeclarationError` with everything that is wrong and how to mend it
 * @example
 * export default domain({ name: 'blog', roles: { admin: ['posts:write'] }, resources: [User, Post] })
 */
export function domain(declaration: DomainDeclaration): Domain {
  const { name, roles = {}, resources, accounts } = declaration
  const problems = verifyDeclarations({ roles, resources, accounts })
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new DeclarationError(name, [
      { where: 'domain', what: `its name "${name}" is not in kebab-case`, mend: `name: 'my-service'` },
      ...problems,
    ])
  }
  if (problems.length > 0) throw new DeclarationError(name, problems)

  const derived = deriveResources(resources)
  // Several may share a refusal; the verifiers have found that it says the same in each.
  const refusals = new Map(resources.flatMap(customOperations).flatMap((operation) => Object.entries(operation.refusals)))
  return Object.freeze({
    name,
    roles,
    resources: [...derived.values()],
    accounts: accounts === undefined ? undefined : deriveAccounts(accounts, derived),
    refusals: [...refusals].map(([code, { message, cure }]) => refusal(code, message, cure)),
    resource: (wanted: string) => {
      const found = derived.get(wanted)
      if (found === undefined)
        throw new TypeError(
          `Cannot find resource "${wanted}": the domain "${name}" has none of this name, expected one of ${[...derived.keys()].join(', ')}`,
        )
      return found
    },
  })
}
