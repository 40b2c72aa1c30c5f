/** Hears from Fastify itself which paths are mounted, and asks the service which methods each has: what is there, whoever declared it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import type { TestService } from '../../../src/testing/index.ts'

/** The diagnostics channel of Fastify, which each new server is told on. @see https://fastify.dev/docs/latest/Reference/Hooks/#diagnostics-channel-hooks */
const CHANNEL = 'fastify.initialization'

/** Part of a path that changes with what it serves. */
const DIGEST = /\/[0-9a-f]{16}\//

export class MountedPaths implements Disposable {
  readonly #paths = new Set<string>()

  constructor() {
    subscribe(CHANNEL, this.#hear)
  }

  readonly #hear = (message: unknown): void => {
    const { fastify } = message as { readonly fastify: FastifyInstance }
    fastify.addHook('onRoute', ({ url }) => void this.#paths.add(url))
  };

  [Symbol.dispose](): void {
    unsubscribe(CHANNEL, this.#hear)
  }

  /** `GET /api/v1/posts`, sorted; HEAD and OPTIONS go without saying. */
  async lines(service: TestService): Promise<readonly string[]> {
    const lines: string[] = []
    for (const path of this.#paths) {
      if (path === '/*') continue
      const { headers } = await service.request(path.replaceAll(/:[a-z_]+/g, 'x'), { method: 'OPTIONS' })
      const methods = (headers.get('allow') ?? '').split(', ').filter((method) => method !== 'OPTIONS' && method !== 'HEAD')
      if (methods.length === 0) throw new Error(`Cannot tell the methods of ${path}: the service names none`)
      lines.push(...methods.map((method) => `${method} ${path.replace(DIGEST, '/:digest/')}`))
    }
    return lines.sort()
  }
}
