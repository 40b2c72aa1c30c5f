/**
 * Lanes that share the statements of one kind: each goes where the fewest wait, and not behind one that stands still.
 *
 * A statement that waits for a lock, or computes without end, holds all that were sent behind it on its lane. So a lane that has
 * not answered for a while gets no more of them; when all stand still, there are more lanes, up to a bound; and past it callers
 * are told to come back, at once, instead of waiting in a line whose head does not move, or that is longer than anybody waits.
 */
import { PlinthError } from '../kernel/index.ts'
import type { Row, Runner } from './driver.ts'
import type { Lane } from './lane.ts'

/** A hundred times what a point read takes. */
const STILL_MS = 100
/** Longer than a pause of this process can be the reason for. */
const REFUSE_MS = 1_000
/** A line that takes longer than this is answered late to its last, and made longer by all who give up and ask again. */
const WAIT_MS_MAX = 2_000
/** A line this short is not the reason for a wait. */
const LINE_MIN = 8
/** How many times the usual number of lanes there may be. */
const GROWTH_MAX = 2

export class LaneGroup {
  readonly #lanes: Lane[]
  readonly #countMax: number
  readonly #open: () => Lane

  /** @param count lanes that there always are; each connects when it is first used */
  constructor(count: number, open: () => Lane) {
    if (count < 1) throw new RangeError(`Cannot make a group of ${count} lanes: expected at least one`)
    this.#open = open
    this.#countMax = count * GROWTH_MAX
    this.#lanes = Array.from({ length: count }, open)
  }

  /** Statements that were sent and not answered yet. */
  get inFlight(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.inFlight, 0)
  }

  readonly run: Runner = (statement, input, caller) => {
    const values = statement.bind(input)
    const lane = this.choose()
    if (lane === undefined) return Promise.reject(new PlinthError('RATE_LIMIT_OVERLOADED'))
    return lane.run(statement, values, caller) as Promise<readonly Row[]>
  }

  /** The lane for the next statement; undefined when none can be expected to answer soon. */
  choose(): Lane | undefined {
    let best: Lane | undefined
    let leastStillMs = Number.POSITIVE_INFINITY
    for (const lane of this.#lanes) {
      if (lane.inFlight === 0) return lane
      const { stillMs } = lane
      if (stillMs < leastStillMs) leastStillMs = stillMs
      if (stillMs < STILL_MS && (best === undefined || lane.inFlight < best.inFlight)) best = lane
    }
    if (best !== undefined) return best.inFlight > LINE_MIN && best.expectedMs > WAIT_MS_MAX ? undefined : best
    if (this.#lanes.length < this.#countMax) {
      const lane = this.#open()
      this.#lanes.push(lane)
      return lane
    }
    if (leastStillMs > REFUSE_MS) return undefined
    return this.#lanes.reduce((left, right) => (right.inFlight < left.inFlight ? right : left))
  }

  /** Opens the first lane, so that the first request does not pay for it. */
  async connect(): Promise<void> {
    await this.#lanes[0]?.connect()
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }
}
