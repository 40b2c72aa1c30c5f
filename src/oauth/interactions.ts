/**
 * The steps between a client's request and its answer in which a person takes part: sign in, then decide.
 *
 * A step belongs to the browser that it began in: its number is in the address and in a cookie, both must agree. Whoever signs in gets a new
 * session id from the library, so one that was planted before is worth nothing.
 */
import type { Interaction } from 'oidc-provider'
import type { Account, Accounts, Sessions } from '../auth/index.ts'
import { decodeTypeId } from '../kernel/index.ts'
import type { Json } from '../model/index.ts'
import type { OAuthClients } from './clients.ts'
import { renderConsent } from './pages/consent.ts'
import type { PageFrame } from './pages/layout.ts'
import { isNative } from './redirect-uri.ts'
import { IDENTITY_SCOPES, type Scopes } from './scopes.ts'
import { SignInSteps, type SignInStepsParts } from './sign-in-steps.ts'
import { findInteraction, finishStep, parameterOf, type Step, type StepAnswer, StepExpired, targetsOf } from './step.ts'

export interface InteractionsParts extends Pick<SignInStepsParts, 'signIn' | 'passkeys'> {
  readonly frame: PageFrame
  readonly accountPrefix: string
  readonly accounts: Pick<Accounts, 'findById'>
  readonly sessions: Pick<Sessions, 'register'>
  readonly clients: OAuthClients
  readonly scopes: Scopes
  /** The permissions of each role. */
  readonly roles: Readonly<Record<string, readonly string[]>>
}

export type Task = 'show' | 'sign-in' | 'second-factor' | 'consent' | 'cancel'

export class Interactions {
  readonly #parts: InteractionsParts
  readonly #signIn: SignInSteps

  constructor(parts: InteractionsParts) {
    this.#parts = parts
    this.#signIn = new SignInSteps({ ...parts, clientName: (interaction) => this.#clientName(interaction) })
  }

  /** @throws `StepExpired` */
  async run(task: Task, step: Step): Promise<StepAnswer> {
    const interaction = await findInteraction(step)
    const { name } = interaction.prompt
    switch (task) {
      case 'show':
        return name === 'consent'
          ? this.#showConsent(interaction)
          : this.#signIn.show(interaction, { login: parameterOf(interaction, 'login_hint') })
      case 'cancel':
        return finishStep(step, { error: 'access_denied', error_description: 'the person cancelled' })
      case 'consent':
        if (name !== 'consent') throw new StepExpired()
        return this.#decide(step, interaction)
      default:
        if (name !== 'login') throw new StepExpired()
        return task === 'sign-in' ? this.#signIn.signIn(step, interaction) : this.#signIn.secondFactor(step, interaction)
    }
  }

  /**
   * What the script of a page asks the browser for a passkey with.
   * @throws `StepExpired`, `AUTH_TICKET_INVALID`
   */
  async passkeyOptions(step: Step): Promise<Json> {
    const interaction = await findInteraction(step)
    if (interaction.prompt.name !== 'login') throw new StepExpired()
    return this.#signIn.passkeyOptions(step, interaction)
  }

  async #showConsent(interaction: Interaction): Promise<StepAnswer> {
    const account = await this.#account(interaction)
    const asked = (parameterOf(interaction, 'scope') ?? '')
      .split(' ')
      .filter((scope) => this.#parts.scopes.isKnown(scope) && this.#canLend(account, scope))
    const wants = asked.map((scope) => this.#parts.scopes.describe(scope))
    const page = renderConsent(this.#parts.frame, {
      action: `/oauth/interaction/${interaction.uid}/consent`,
      clientName: await this.#clientName(interaction),
      target: readTarget(parameterOf(interaction, 'redirect_uri')),
      accountName: account.displayName === null ? account.login : `${account.displayName} (${account.login})`,
      wants: wants.length === 0 ? [this.#parts.scopes.describe('openid')] : wants,
    })
    return { status: 200, page, targets: targetsOf(interaction) }
  }

  async #decide(step: Step, interaction: Interaction): Promise<StepAnswer> {
    if (step.form['decision'] !== 'allow')
      return finishStep(step, { error: 'access_denied', error_description: 'the person did not allow it' })
    // Pressed twice: the first press counts.
    if (interaction.result?.consent !== undefined) return { location: interaction.returnTo }
    const details = interaction.prompt.details as {
      readonly missingOIDCScope?: readonly string[]
      readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>
    }
    const grant = await this.#grantOf(step, interaction)
    if (details.missingOIDCScope !== undefined) grant.addOIDCScope([...details.missingOIDCScope].join(' '))
    const account = await this.#account(interaction)
    for (const [resource, scopes] of Object.entries(details.missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes.filter((scope) => this.#canLend(account, scope)).join(' '))
      // Nobody lends what they do not have: else it would come alive with a role that they are given later.
      grant.rejectResourceScope(resource, scopes.filter((scope) => !this.#canLend(account, scope)).join(' '))
    }
    return finishStep(step, { consent: { grantId: await grant.save() } })
  }

  #canLend({ role }: Account, scope: string): boolean {
    return (IDENTITY_SCOPES as readonly string[]).includes(scope) || this.#parts.roles[role]?.includes(scope) === true
  }

  /** The grant that there is already, or a new one under the name of a new session. */
  async #grantOf({ provider, request }: Step, interaction: Interaction) {
    const { grantId, session } = interaction
    const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
    if (known !== undefined) return known
    const account = await this.#account(interaction)
    const browser = session?.uid === undefined ? undefined : await provider.Session.findByUid(session.uid)
    if (browser === undefined) throw new StepExpired()
    const clientId = parameterOf(interaction, 'client_id') ?? ''
    const client = await this.#parts.clients.known(clientId)
    if (client === null) throw new StepExpired()
    const authenticatedAtMs = (browser.loginTs ?? 0) * 1_000
    const amr = browser.amr ?? []
    const grant = new provider.Grant({ accountId: account.subject, clientId })
    grant.jti = await this.#parts.sessions.register(
      { account, amr, authenticatedAtMs, secondFactorAtMs: amr.includes('mfa') ? authenticatedAtMs : null },
      {
        device: isNative(client.client.kind) ? 'native' : 'browser',
        userAgent: request.userAgent,
        address: request.address,
        requestId: request.requestId,
        clientId,
      },
    )
    return grant
  }

  async #account({ session }: Interaction) {
    const id = decodeTypeId(this.#parts.accountPrefix, session?.accountId ?? '')
    const account = id === undefined ? undefined : await this.#parts.accounts.findById(id)
    if (account === undefined || account.isSuspended) throw new StepExpired()
    return account
  }

  async #clientName(interaction: Interaction): Promise<string> {
    const known = await this.#parts.clients.known(parameterOf(interaction, 'client_id') ?? '')
    if (known === null) throw new StepExpired()
    return known.client.name
  }
}

/** What people can check of where the answer goes: the host, or "this device". */
function readTarget(redirectUri: string | undefined): string | undefined {
  const url = redirectUri === undefined ? null : URL.parse(redirectUri)
  if (url === null) return undefined
  if (url.protocol === 'https:') return url.host
  return url.protocol === 'http:' ? 'this device' : url.protocol.slice(0, -1)
}
