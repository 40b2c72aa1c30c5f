/**
 * Decides which requests are more than the process can do: by how many are under way, and by how late its event loop is.
 *
 * A process that lacks CPU is not seen by the requests under way: what it has not read yet waits in the sockets. So a clock in the loop
 * is to beat every few milliseconds, and how far it is behind, at this moment, is how long this turn of the loop has lasted. While
 * the loop is late more than it is punctual, each turn admits what comes in its first milliseconds and refuses the rest. A refusal costs a
 * fraction of the work, so turns stay short, the admitted are answered in time, and health is too. A burst or a pause of the
 * collector alone refuses nobody: there is nothing wrong that refusals would mend. The idea of a target and an interval is CoDel's;
 * crowds come in waves, so what is late is weighed against what is not, instead of being forgotten at the first punctual beat.
 * @see https://www.rfc-editor.org/rfc/rfc8289
 */
import { LOOP_BEAT_MS, LOOP_DEBT_MS, LOOP_LATE_MS, LOOP_REQUESTS_MIN } from './limits.ts'

/** What a decision is made of. */
export interface Load {
  /** Requests under way, the one in question included. */
  readonly inFlight: number
  readonly inFlightMax: number
  /** How long the clock in the loop is overdue. */
  readonly lateMs: number
  /** How much longer the loop was late than punctual of late. */
  readonly debtMs: number
}

/** Whether one more request is more than the process can do. */
export function decideOverload({ inFlight, inFlightMax, lateMs, debtMs }: Load): boolean {
  if (inFlight > inFlightMax) return true
  return lateMs > LOOP_LATE_MS && debtMs > LOOP_DEBT_MS && inFlight > LOOP_REQUESTS_MIN
}

/**
 * The clock in the loop. It beats while somebody asks it and stands still in an idle process, which is neither woken nor kept alive by it.
 * Times are those of `performance.now()`.
 */
export class LoopClock {
  /** How late the latest beat was; 0 at rest. */
  delayMs = 0
  /** Grows by the length of each late beat and shrinks by that of each punctual one, from 0 to twice what is borne with. */
  debtMs = 0
  #timer: NodeJS.Timeout | undefined
  #dueAtMs = 0
  #wasAsked = false

  /** How long the next beat is overdue at this moment; 0 when it is not. */
  readLateMs(nowMs: number): number {
    this.#wasAsked = true
    if (this.#timer === undefined) this.#wind(nowMs)
    return Math.max(0, nowMs - this.#dueAtMs)
  }

  #wind(nowMs: number): void {
    this.#dueAtMs = nowMs + LOOP_BEAT_MS
    this.#timer = setTimeout(() => this.#beat(), LOOP_BEAT_MS).unref()
  }

  #beat(): void {
    const nowMs = performance.now()
    this.delayMs = Math.max(0, nowMs - this.#dueAtMs)
    const beatMs = LOOP_BEAT_MS + this.delayMs
    this.debtMs =
      this.delayMs > LOOP_LATE_MS ? Math.min(2 * LOOP_DEBT_MS, this.debtMs + beatMs) : Math.max(0, this.debtMs - beatMs)
    if (this.#wasAsked || this.debtMs > 0) this.#wind(nowMs)
    else this.#timer = undefined
    this.#wasAsked = false
  }
}
