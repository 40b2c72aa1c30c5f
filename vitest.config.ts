/** How the tests run: one project for the units beside the code, one for each kind of test in `test/`. */
import { defineConfig } from 'vitest/config'

const KINDS = ['architecture', 'integration', 'contract', 'conformance', 'agreement', 'hostile']

export default defineConfig({
  // The package's own name resolves to its sources, as `--conditions=source` does in Node.
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'], externalConditions: ['source'] } },
  test: {
    // Two cores: more workers only make the timings of the real servers noisy.
    maxWorkers: 2,
    execArgv: ['--conditions=source'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts', 'examples/**/*.test.ts'] } },
      ...KINDS.map((kind) => ({ extends: true as const, test: { name: kind, include: [`test/${kind}/**/*.test.ts`] } })),
      // Faults and floods are judged by what they take: they come last, one at a time, with the machine to themselves.
      {
        extends: true,
        test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'], maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
  },
})
