/** Which resource holds the accounts that people sign in with, and which of its fields sign-in needs. */
import type { FieldModel, ResourceModel } from './derive.ts'
import type { Resource } from './resource.ts'

export interface AccountsDeclaration {
  /** The resource whose records are the accounts. */
  // biome-ignore lint/suspicious/noExplicitAny: any resource of the domain, whatever its fields.
  readonly resource: Resource<string, any>
  /** The field by which an account is found at sign-in: an e-mail address, unique. */
  readonly login: string
  /**
   * The secret field that holds the password; optional, since an account can have passkeys only, and immutable, since a change of
   * it needs the old one.
   */
  readonly password: string
  /** The choice field that names the account's role; its choices are roles of the domain, and not everybody may set it. */
  readonly role: string
  /** A field that says how the person is called, for letters and pages. */
  readonly displayName?: string
}

/** The accounts, derived. */
export interface AccountsModel {
  readonly resource: ResourceModel
  readonly login: FieldModel
  readonly password: FieldModel
  readonly role: FieldModel
  readonly displayName: FieldModel | undefined
}

/** Only called with a declaration that the verifiers have found to be right. */
export function deriveAccounts(
  declaration: AccountsDeclaration,
  resources: ReadonlyMap<string, ResourceModel>,
): AccountsModel | undefined {
  const resource = resources.get(declaration.resource.name)
  const field = (name: string | undefined): FieldModel | undefined =>
    name === undefined ? undefined : resource?.fieldsByName.get(name)
  const login = field(declaration.login)
  const password = field(declaration.password)
  const role = field(declaration.role)
  if (resource === undefined || login === undefined || password === undefined || role === undefined) return undefined
  return Object.freeze({ resource, login, password, role, displayName: field(declaration.displayName) })
}
