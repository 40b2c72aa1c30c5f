/**
 * The steps between a client's request and its answer in which a person takes part: sign in, then decide.
 *
 * A step belongs to the browser that it began in: its number is in the address and in a cookie, both must agree. Whoever signs in gets a new
 * session id from the library, so one that was planted before is worth nothing.
 */
import type { Interaction, Provider } from 'oidc-provider'
import type { Accounts, Sessions, SignedIn, SignIn } from '../auth/index.ts'
import type { Pairs } from '../http/index.ts'
import { decodeTypeId, PlinthError, toPlinthError } from '../kernel/index.ts'
import type { PageAnswer } from './answer.ts'
import type { OAuthClients } from './clients.ts'
import { renderConsent } from './pages/consent.ts'
import type { PageFrame } from './pages/layout.ts'
import { renderSecondFactor, renderSignIn } from './pages/sign-in.ts'
import { isNative } from './redirect-uri.ts'
import { holdResponse, type ProviderRequest } from './run-provider.ts'
import type { Scopes } from './scopes.ts'
import { sayWait } from './words.ts'

/** What the person sees next: a page, or the way on. */
export type StepAnswer = PageAnswer | { readonly location: string; readonly cookies?: readonly string[] }

export interface InteractionsParts {
  readonly frame: PageFrame
  readonly accountPrefix: string
  readonly accounts: Pick<Accounts, 'findById'>
  readonly signIn: Pick<SignIn, 'withPassword' | 'withSecondFactor' | 'rememberDevice'>
  readonly sessions: Pick<Sessions, 'register'>
  readonly clients: OAuthClients
  readonly scopes: Scopes
}

/** One request to a step. */
export interface Step {
  readonly provider: Provider
  readonly request: ProviderRequest
  /** The number in the address. */
  readonly uid: string
  readonly form: Pairs
  /** What the browser keeps in `DEVICE_COOKIE`. */
  readonly deviceToken: string | undefined
  readonly signal: AbortSignal
}

/** The step is over, belongs to another browser, or never was. */
export class StepExpired extends PlinthError {
  constructor() {
    super('VALIDATION_FAILED', 'The step is over, or belongs to another browser')
  }
}

export type Task = 'show' | 'sign-in' | 'second-factor' | 'consent' | 'cancel'

export class Interactions {
  readonly #parts: InteractionsParts

  constructor(parts: InteractionsParts) {
    this.#parts = parts
  }

  /** @throws `StepExpired` */
  async run(task: Task, step: Step): Promise<StepAnswer> {
    const interaction = await findInteraction(step)
    const { name } = interaction.prompt
    switch (task) {
      case 'show':
        return name === 'consent'
          ? this.#showConsent(interaction)
          : this.#showSignIn(interaction, { login: text(interaction.params['login_hint']) })
      case 'cancel':
        return finish(step, { error: 'access_denied', error_description: 'the person cancelled' })
      case 'consent':
        if (name !== 'consent') throw new StepExpired()
        return this.#decide(step, interaction)
      default:
        if (name !== 'login') throw new StepExpired()
        return task === 'sign-in' ? this.#signIn(step, interaction) : this.#secondFactor(step, interaction)
    }
  }

  async #showSignIn(
    interaction: Interaction,
    { login, fault }: { readonly login?: string | undefined; readonly fault?: PlinthError },
  ): Promise<StepAnswer> {
    const page = renderSignIn(this.#parts.frame, {
      action: `/oauth/interaction/${interaction.uid}/sign-in`,
      cancelAction: `/oauth/interaction/${interaction.uid}/cancel`,
      clientName: await this.#clientName(interaction),
      login: login?.slice(0, 320),
      fault: fault === undefined ? undefined : sayFault(fault),
    })
    return { status: fault?.status ?? 200, page, targets: targetsOf(interaction), retryAfterS: fault?.retryAfterS }
  }

  async #signIn(step: Step, interaction: Interaction): Promise<StepAnswer> {
    const { login = '', password = '' } = step.form
    const { address, requestId } = step.request
    try {
      const { deviceToken, signal } = step
      const outcome = await this.#parts.signIn.withPassword({ login, password, address, deviceToken, requestId, signal })
      if (outcome.kind === 'signed-in') return await this.#finishSignIn(step, outcome.signedIn)
      const hasTotp = outcome.methods.includes('totp')
      return this.#showSecondFactor(interaction, {
        ticket: outcome.ticket,
        method: hasTotp ? 'totp' : 'recovery',
        hasOther: hasTotp && outcome.methods.includes('recovery'),
      })
    } catch (error) {
      return this.#showSignIn(interaction, { login, fault: expectClientFault(error) })
    }
  }

  async #secondFactor(step: Step, interaction: Interaction): Promise<StepAnswer> {
    const { ticket = '', code = '' } = step.form
    const method = step.form['method'] === 'recovery' ? 'recovery' : 'totp'
    if (step.form['switch'] !== undefined)
      return this.#showSecondFactor(interaction, { ticket, method: method === 'totp' ? 'recovery' : 'totp', hasOther: true })
    try {
      const proof = { method, code: code.replaceAll(' ', '') } as const
      return await this.#finishSignIn(step, await this.#parts.signIn.withSecondFactor(ticket, proof, step.request.requestId))
    } catch (error) {
      const fault = expectClientFault(error)
      // The ticket is spent or too old: back to the password.
      if (fault.code === 'AUTH_TICKET_INVALID') return this.#showSignIn(interaction, { fault })
      return this.#showSecondFactor(interaction, { ticket, method, hasOther: true, fault })
    }
  }

  async #finishSignIn(step: Step, { account, amr, authenticatedAtMs }: SignedIn): Promise<StepAnswer> {
    const login = { accountId: account.subject, amr: [...amr], ts: Math.floor(authenticatedAtMs / 1_000) }
    return { ...(await finish(step, { login })), cookies: [this.#parts.signIn.rememberDevice(account)] }
  }

  async #showSecondFactor(
    interaction: Interaction,
    page: {
      readonly ticket: string
      readonly method: 'totp' | 'recovery'
      readonly hasOther: boolean
      readonly fault?: PlinthError
    },
  ): Promise<StepAnswer> {
    const { fault, ...rest } = page
    const text = renderSecondFactor(this.#parts.frame, {
      ...rest,
      action: `/oauth/interaction/${interaction.uid}/second-factor`,
      cancelAction: `/oauth/interaction/${interaction.uid}/cancel`,
      clientName: await this.#clientName(interaction),
      fault: fault === undefined ? undefined : sayFault(fault),
    })
    return { status: fault?.status ?? 200, page: text, targets: targetsOf(interaction), retryAfterS: fault?.retryAfterS }
  }

  async #showConsent(interaction: Interaction): Promise<StepAnswer> {
    const account = await this.#account(interaction)
    const asked = (text(interaction.params['scope']) ?? '').split(' ').filter((scope) => this.#parts.scopes.isKnown(scope))
    const wants = asked.map((scope) => this.#parts.scopes.describe(scope))
    const page = renderConsent(this.#parts.frame, {
      action: `/oauth/interaction/${interaction.uid}/consent`,
      clientName: await this.#clientName(interaction),
      target: readTarget(text(interaction.params['redirect_uri'])),
      accountName: account.displayName === null ? account.login : `${account.displayName} (${account.login})`,
      wants: wants.length === 0 ? [this.#parts.scopes.describe('openid')] : wants,
    })
    return { status: 200, page, targets: targetsOf(interaction) }
  }

  async #decide(step: Step, interaction: Interaction): Promise<StepAnswer> {
    if (step.form['decision'] !== 'allow')
      return finish(step, { error: 'access_denied', error_description: 'the person did not allow it' })
    // Pressed twice: the first press counts.
    if (interaction.result?.consent !== undefined) return { location: interaction.returnTo }
    const details = interaction.prompt.details as {
      readonly missingOIDCScope?: readonly string[]
      readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>
    }
    const grant = await this.#grantOf(step, interaction)
    if (details.missingOIDCScope !== undefined) grant.addOIDCScope([...details.missingOIDCScope].join(' '))
    for (const [resource, scopes] of Object.entries(details.missingResourceScopes ?? {}))
      grant.addResourceScope(resource, scopes.join(' '))
    return finish(step, { consent: { grantId: await grant.save() } })
  }

  /** The grant that there is already, or a new one under the name of a new session. */
  async #grantOf({ provider, request }: Step, interaction: Interaction) {
    const { grantId, session } = interaction
    const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
    if (known !== undefined) return known
    const account = await this.#account(interaction)
    const browser = session?.uid === undefined ? undefined : await provider.Session.findByUid(session.uid)
    if (browser === undefined) throw new StepExpired()
    const clientId = text(interaction.params['client_id']) ?? ''
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

  async #clientName({ params }: Interaction): Promise<string> {
    const known = await this.#parts.clients.known(text(params['client_id']) ?? '')
    if (known === null) throw new StepExpired()
    return known.client.name
  }
}

async function findInteraction({ provider, request, uid }: Step): Promise<Interaction> {
  try {
    const interaction = await provider.interactionDetails(request.asMessage(), holdResponse(request))
    if (interaction.uid === uid) return interaction
  } catch (error) {
    // The database may be away; everything else means that there is no such step.
    if (error instanceof PlinthError) throw error
  }
  throw new StepExpired()
}

type Result = Parameters<Provider['interactionResult']>[2]

async function finish({ provider, request }: Step, result: Result): Promise<{ readonly location: string }> {
  const location = await provider.interactionResult(request.asMessage(), holdResponse(request), result)
  return { location }
}

/** What the person can mend; all else is thrown on. */
function expectClientFault(error: unknown): PlinthError {
  const fault = toPlinthError(error)
  if (fault.status >= 500 || error instanceof StepExpired) throw error
  return fault
}

function sayFault({ code, message, retryAfterS }: PlinthError): string {
  switch (code) {
    case 'AUTH_CREDENTIALS_INVALID':
      return 'The e-mail address or the password is not right.'
    case 'AUTH_FACTOR_INVALID':
      return 'The code is not right. Wait for the next one, or check it.'
    case 'AUTH_TICKET_INVALID':
      return 'That took too long. Please begin again.'
    case 'RATE_LIMIT_SIGN_IN':
      return `Too many attempts. Wait ${sayWait(retryAfterS ?? 1)}, then try again.`
    default:
      return `${message}.`
  }
}

/** The redirect URI was compared with the registered ones before; a device has none. */
function targetsOf({ params }: Interaction): readonly string[] {
  const redirectUri = text(params['redirect_uri'])
  return redirectUri === undefined ? [] : [redirectUri]
}

/** What people can check of where the answer goes: the host, or "this device". */
function readTarget(redirectUri: string | undefined): string | undefined {
  const url = redirectUri === undefined ? null : URL.parse(redirectUri)
  if (url === null) return undefined
  if (url.protocol === 'https:') return url.host
  return url.protocol === 'http:' ? 'this device' : url.protocol.slice(0, -1)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
