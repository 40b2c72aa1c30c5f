/**
 * The steps in which somebody shows who they are: a password and then a second factor, or a passkey for either.
 *
 * A passkey is asked for by a challenge of this very step, so what was shown to another step, or over the API, is worth nothing here. The first page is the
 * same for every name: it asks for a passkey without knowing whose. Which passkeys there are is told behind the right password only.
 */
import type { Interaction } from 'oidc-provider'
import type { Passkeys, SecondFactorMethod, SecondFactorProof, SignedIn, SignIn } from '../auth/index.ts'
import { type PlinthError, toPlinthError } from '../kernel/index.ts'
import type { Json } from '../model/index.ts'
import type { PageFrame } from './pages/layout.ts'
import { type CodeMethod, renderSecondFactor } from './pages/second-factor.ts'
import { renderSignIn } from './pages/sign-in.ts'
import { finishStep, type Step, type StepAnswer, StepExpired, targetsOf } from './step.ts'
import { sayWait } from './words.ts'

export interface SignInStepsParts {
  readonly frame: PageFrame
  readonly signIn: Pick<SignIn, 'withPassword' | 'withSecondFactor' | 'withPasskey' | 'findByTicket' | 'rememberDevice'>
  readonly passkeys: Pick<Passkeys, 'signInOptions' | 'secondFactorOptions' | 'authenticate'>
  /** @throws `StepExpired` */
  readonly clientName: (interaction: Interaction) => Promise<string>
}

/** What the second page knows from one request to the next. */
interface SecondFactorState {
  readonly ticket: string
  /** What the account has set up, as the page before said: it decides what is offered, and nothing else. */
  readonly methods: readonly SecondFactorMethod[]
  /** Which code is asked for. */
  readonly asked: CodeMethod
}

/** What went wrong, and how the page says it. */
interface Fault {
  readonly error: PlinthError
  readonly words: string
}

const METHODS: readonly SecondFactorMethod[] = ['totp', 'recovery', 'passkey']

export class SignInSteps {
  readonly #parts: SignInStepsParts

  constructor(parts: SignInStepsParts) {
    this.#parts = parts
  }

  async show(
    interaction: Interaction,
    { login }: { readonly login?: string | undefined } = {},
    fault?: Fault,
  ): Promise<StepAnswer> {
    const { frame, clientName } = this.#parts
    const page = renderSignIn(frame, {
      ...actionsOf(interaction, 'sign-in'),
      clientName: await clientName(interaction),
      login: login?.slice(0, 320),
      fault: fault?.words,
    })
    return { ...answerOf(interaction, page, fault), hasScripts: true }
  }

  /** Takes what the first page sent: a name and a password, or a passkey. */
  async signIn(step: Step, interaction: Interaction): Promise<StepAnswer> {
    const { login = '', password = '', assertion } = step.form
    return assertion === undefined
      ? this.#withPassword(step, interaction, login, password)
      : this.#withPasskey(step, interaction, assertion)
  }

  async #withPassword(step: Step, interaction: Interaction, login: string, password: string): Promise<StepAnswer> {
    const { deviceToken, signal } = step
    const { address, requestId } = step.request
    try {
      const outcome = await this.#parts.signIn.withPassword({ login, password, address, deviceToken, requestId, signal })
      if (outcome.kind === 'signed-in') return await this.#finish(step, outcome.signedIn)
      const { ticket, methods } = outcome
      return await this.#showSecondFactor(interaction, { ticket, methods, asked: firstCodeOf(methods) })
    } catch (error) {
      return this.show(interaction, { login }, readFault(error))
    }
  }

  async #withPasskey(step: Step, interaction: Interaction, assertion: string): Promise<StepAnswer> {
    const { passkeys, signIn } = this.#parts
    const { requestId } = step.request
    try {
      const shown = await passkeys.authenticate(readAssertion(assertion), requestId, interaction.uid)
      return await this.#finish(step, await signIn.withPasskey(shown, requestId))
    } catch (error) {
      return this.show(interaction, {}, readFault(error, 'passkey'))
    }
  }

  /** Takes what the second page sent: a code, a passkey, or the wish to type a code of the other kind. */
  async secondFactor(step: Step, interaction: Interaction): Promise<StepAnswer> {
    const { form, request } = step
    const state = readState(form)
    if (form['switch'] !== undefined)
      return this.#showSecondFactor(interaction, { ...state, asked: state.asked === 'totp' ? 'recovery' : 'totp' })
    const proof = readProof(step, state)
    try {
      return await this.#finish(step, await this.#parts.signIn.withSecondFactor(state.ticket, proof, request.requestId))
    } catch (error) {
      const fault = readFault(error, proof.method)
      // The ticket is spent or too old: back to the password.
      if (fault.error.code === 'AUTH_TICKET_INVALID') return this.show(interaction, {}, fault)
      return this.#showSecondFactor(interaction, state, fault)
    }
  }

  /**
   * What the browser is asked for a passkey with, for this step alone: any passkey on the first page, one of the account's behind its password.
   * @throws `AUTH_TICKET_INVALID`
   */
  async passkeyOptions({ form }: Step, interaction: Interaction): Promise<Json> {
    const { passkeys, signIn } = this.#parts
    const { ticket } = form
    if (ticket === undefined) return passkeys.signInOptions(interaction.uid)
    const account = await signIn.findByTicket(ticket)
    return passkeys.secondFactorOptions(account.id, interaction.uid)
  }

  async #finish(step: Step, { account, amr, authenticatedAtMs }: SignedIn): Promise<StepAnswer> {
    const login = { accountId: account.subject, amr: [...amr], ts: Math.floor(authenticatedAtMs / 1_000) }
    return { ...(await finishStep(step, { login })), cookies: [this.#parts.signIn.rememberDevice(account)] }
  }

  async #showSecondFactor(interaction: Interaction, state: SecondFactorState, fault?: Fault): Promise<StepAnswer> {
    const { frame, clientName } = this.#parts
    const page = renderSecondFactor(frame, {
      ...state,
      ...actionsOf(interaction, 'second-factor'),
      clientName: await clientName(interaction),
      fault: fault?.words,
    })
    return { ...answerOf(interaction, page, fault), hasScripts: state.methods.includes('passkey') }
  }
}

/** Where the forms of a page go. */
function actionsOf({ uid }: Interaction, task: string) {
  const base = `/oauth/interaction/${uid}`
  return { action: `${base}/${task}`, cancelAction: `${base}/cancel`, challengeAction: `${base}/passkey-challenge` }
}

function answerOf(interaction: Interaction, page: string, fault: Fault | undefined) {
  const { status = 200, retryAfterS } = fault?.error ?? {}
  return { status, page, targets: targetsOf(interaction), retryAfterS }
}

/** An app where there is one; else a recovery code, which needs no script. */
function firstCodeOf(methods: readonly SecondFactorMethod[]): CodeMethod {
  return methods.includes('totp') ? 'totp' : 'recovery'
}

function readState({ ticket = '', methods = '', method }: Step['form']): SecondFactorState {
  const names = methods.split(' ')
  return { ticket, methods: METHODS.filter((name) => names.includes(name)), asked: method === 'recovery' ? 'recovery' : 'totp' }
}

function readProof({ form, uid }: Step, { asked }: SecondFactorState): SecondFactorProof {
  const { assertion, code = '' } = form
  if (assertion !== undefined) return { method: 'passkey', assertion: readAssertion(assertion), step: uid }
  return { method: asked, code: code.replaceAll(' ', '') }
}

/** JSON that a browser printed; what is none is no passkey, which who verifies it says. */
function readAssertion(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What the person can mend; all else is thrown on. */
function readFault(thrown: unknown, method?: SecondFactorMethod): Fault {
  const error = toPlinthError(thrown)
  if (error.status >= 500 || thrown instanceof StepExpired) throw thrown
  const isPasskey = method === 'passkey' && PASSKEY_REFUSALS.includes(error.code)
  return { error, words: isPasskey ? 'The passkey was not accepted. Try once more, or go on without it.' : sayFault(error) }
}

/** A passkey that is not good, and what is no passkey at all: a browser sends neither. */
const PASSKEY_REFUSALS: readonly string[] = ['AUTH_FACTOR_INVALID', 'VALIDATION_FAILED']

/** How pages, and their script, say what the person can mend. */
export function sayFault({ code, message, retryAfterS }: PlinthError): string {
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
