/** Keeps the provider for the keys as they are now: made by the first request that needs it, and made anew when the keys change. */
import type { Provider } from 'oidc-provider'
import type { SigningKeys } from '../auth/index.ts'
import { PlinthError } from '../kernel/index.ts'
import { type ProviderAnswer, type ProviderRequest, runProvider } from './run-provider.ts'

interface Made {
  readonly provider: Provider
  readonly listener: ReturnType<Provider['callback']>
}

export class CurrentProvider {
  readonly #make: () => Promise<Provider>
  #making: Promise<Made> | undefined

  constructor(keys: Pick<SigningKeys, 'onChange'>, make: () => Promise<Provider>) {
    this.#make = make
    // Requests under way keep the one that they began with.
    keys.onChange(() => {
      this.#making = undefined
    })
  }

  async get(): Promise<Provider> {
    return (await this.#current()).provider
  }

  /** Lets the provider answer. @throws what was no fault of ours, as a database that is away */
  async ask(request: ProviderRequest): Promise<ProviderAnswer> {
    const { listener } = await this.#current()
    const answer = await runProvider(listener, request)
    const { fault } = request.notes
    // The library knows 500 only; a database that is away is something else, and passes.
    if (fault instanceof PlinthError && fault.status !== 500) throw fault
    return answer
  }

  async #current(): Promise<Made> {
    this.#making ??= this.#prepare()
    const making = this.#making
    return making.catch((error: unknown) => {
      if (this.#making === making) this.#making = undefined
      throw error
    })
  }

  async #prepare(): Promise<Made> {
    const provider = await this.#make()
    // Koa puts its steps together anew with each call.
    return { provider, listener: provider.callback() }
  }
}
