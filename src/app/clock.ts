/** The real clock and the real randomness: the only ones, handed down from here. */
import { randomFillSync } from 'node:crypto'
import type { Clock, Randomness } from '../kernel/index.ts'

export const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() }

export const SYSTEM_RANDOMNESS: Randomness = { fill: (target) => void randomFillSync(target) }
