/** One request to a step in which a person takes part: whose it is, where the answer may lead, and how the step ends. */
import type { Interaction, Provider } from 'oidc-provider'
import type { Pairs } from '../http/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { PageAnswer } from './answer.ts'
import { holdResponse, type ProviderRequest } from './run-provider.ts'

/** What the person sees next: a page, or the way on. */
export type StepAnswer = PageAnswer | { readonly location: string; readonly cookies?: readonly string[] }

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

/** @throws `StepExpired` */
export async function findInteraction({ provider, request, uid }: Step): Promise<Interaction> {
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

export async function finishStep({ provider, request }: Step, result: Result): Promise<{ readonly location: string }> {
  const location = await provider.interactionResult(request.asMessage(), holdResponse(request), result)
  return { location }
}

/** The redirect URI was compared with the registered ones before; a device has none. */
export function targetsOf(interaction: Interaction): readonly string[] {
  const redirectUri = parameterOf(interaction, 'redirect_uri')
  return redirectUri === undefined ? [] : [redirectUri]
}

/** What the client asked for by this name. */
export function parameterOf({ params }: Interaction, name: string): string | undefined {
  const value = params[name]
  return typeof value === 'string' ? value : undefined
}
