// Proves ERR-01, RPC-05: one declaration, and surfaces that cannot disagree about it.

import { describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import type { TestService } from '../../src/testing/index.ts'
import { ordersApp } from '../domains/orders/app.ts'
import { type Agreement, compareSurfaces } from './agreement.ts'
import { BLOG_POOL, blogWorld } from './blog-world.ts'
import { openConnect } from './connect.ts'
import { openGraphql } from './graphql.ts'
import { openGrpc } from './grpc.ts'
import type { Outcome } from './operation.ts'
import { type Pool, sampleQuestions } from './operations.ts'
import { ORDERS_POOL, ordersWorld } from './orders-world.ts'
import { openRest } from './rest.ts'
import type { OpenSurface } from './surface.ts'
import { World, type WorldOptions } from './world.ts'

const COUNT = Number(process.env['AGREEMENT_QUESTIONS'] ?? 1_200)
const SEED = Number(process.env['AGREEMENT_SEED'] ?? Date.now() % 2 ** 31)
const grpcAddress = (service: TestService): string => service.grpcAddress
/** The planted faults are to be found among the same questions each time: not every few hundred hold a deletion that succeeds. */
const CONTROL = { count: 300, seed: 1 }
/** Enough to mend by. */
const SHOWN_MAX = 12

async function ask(pool: Pool, worlds: readonly WorldOptions[], count: number, seed = SEED): Promise<Agreement> {
  await using stack = new AsyncDisposableStack()
  const started: World[] = []
  for (const options of worlds) started.push(stack.use(await World.start(options)))
  return await compareSurfaces(started, sampleQuestions(pool, count, seed))
}

function report(name: string, { compared, asked, outcomes, differences }: Agreement): string {
  console.info(
    `agreement, ${name}: ${compared} compared of ${COUNT} (AGREEMENT_SEED=${SEED}), ${JSON.stringify(asked)}, ${JSON.stringify(outcomes)}`,
  )
  return `${differences.slice(0, SHOWN_MAX).join('\n')}${differences.length > SHOWN_MAX ? `\n… and ${differences.length - SHOWN_MAX} more` : ''}`
}

describe('the surfaces', () => {
  test('agree about users and posts', { timeout: 300_000 }, async () => {
    const agreement = await ask(
      BLOG_POOL,
      [
        blogWorld(openRest),
        blogWorld(openGraphql),
        blogWorld(openGrpc(blog.domain, grpcAddress)),
        blogWorld(openConnect(blog.domain)),
      ],
      COUNT,
    )

    expect(report('blog', agreement)).toBe('')
    expect(agreement.compared).toBeGreaterThan(COUNT / 2)
  })

  test('agree about orders', { timeout: 300_000 }, async () => {
    const agreement = await ask(
      ORDERS_POOL,
      [
        ordersWorld(openRest),
        ordersWorld(openGraphql),
        ordersWorld(openGrpc(ordersApp.domain, grpcAddress)),
        ordersWorld(openConnect(ordersApp.domain)),
      ],
      COUNT,
    )

    expect(report('orders', agreement)).toBe('')
    expect(agreement.compared).toBeGreaterThan(COUNT / 2)
  })
})

describe('the comparison of surfaces', () => {
  /** REST with one thing wrong about it. */
  const altered =
    (alter: (outcome: Outcome) => Outcome): OpenSurface =>
    (service) => {
      const rest = openRest(service)
      return {
        ...rest,
        name: 'altered',
        run: async (...question) => {
          const outcome = await rest.run(...question)
          return outcome === undefined ? undefined : alter(outcome)
        },
      }
    }

  test('finds a code, an order of pages, a field and a row that are not the same', { timeout: 60_000 }, async () => {
    const faults: Readonly<Record<string, (outcome: Outcome) => Outcome>> = {
      code: (outcome) =>
        outcome.kind === 'refused' && outcome.code === 'NOT_FOUND_RECORD' ? { ...outcome, code: 'AUTH_FORBIDDEN' } : outcome,
      order: (outcome) =>
        outcome.kind === 'pages' ? { ...outcome, pages: outcome.pages.map((page) => page.toReversed()) } : outcome,
      field: (outcome) => (outcome.kind === 'record' ? { ...outcome, record: { ...outcome.record, version: 7 } } : outcome),
    }
    const found: string[] = []
    for (const [name, alter] of Object.entries(faults)) {
      const { differences } = await ask(BLOG_POOL, [blogWorld(openRest), blogWorld(altered(alter))], CONTROL.count, CONTROL.seed)
      if (differences.length > 0) found.push(name)
    }

    expect(found).toEqual(Object.keys(faults))
  })

  test('finds a write that was answered and not done', { timeout: 60_000 }, async () => {
    const forgetful: OpenSurface = (service) => {
      const rest = openRest(service)
      return {
        ...rest,
        run: async (operation, token) => (operation.kind === 'delete' ? { kind: 'done' } : rest.run(operation, token)),
      }
    }

    const { differences } = await ask(BLOG_POOL, [blogWorld(openRest), blogWorld(forgetful)], CONTROL.count, CONTROL.seed)

    expect(differences.some((line) => /only REST: journal .*"operation":"delete"/.test(line))).toBe(true)
  })
})
