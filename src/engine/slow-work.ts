/**
 * Keeps slow work out of transactions: a hash, or a question over the network, would hold a connection and its locks for as long.
 *
 * Invariant: work that is met within a transaction is not done there. The transaction is rolled back, the work is done while no connection is held,
 * and the transaction begins again with the outcome at hand. So whatever came before the work comes before it again: a kept answer ends the request,
 * and whoever is refused makes nobody work.
 */

/** Work that takes long, known by what it is made of. */
export interface SlowWork<Outcome> {
  /** The same name within a request stands for the same outcome. It stays in memory, so it may hold what must not be kept. */
  readonly name: string
  run(): Promise<Outcome>
}

/** Gives the outcome of work, or ends the transaction that it stands in. */
export type DoWork<Outcome> = (work: SlowWork<Outcome>) => Promise<Outcome>

/**
 * So many times one transaction begins again. Code may come with other work each time (a password made at random): what is left then is done where it
 * stands.
 */
const RESTARTS_MAX = 4

/** Runs `transact`, again after each piece of work that it met. Whatever it did before is rolled back when it throws, which is how it is ended. */
export async function withoutSlowWork<Outcome, Result>(
  transact: (doWork: DoWork<Outcome>, expectNoneLeft: () => void) => Promise<Result>,
): Promise<Result> {
  const done = new Map<string, Outcome>()
  for (let restarts = 0; ; restarts++) {
    let met: WorkMet<Outcome> | undefined
    const doWork: DoWork<Outcome> = async (work) => {
      if (done.has(work.name)) return done.get(work.name) as Outcome
      if (restarts === RESTARTS_MAX) return work.run()
      met ??= new WorkMet(work)
      throw met
    }
    // Code between may have swallowed what was thrown: it must not commit without the write.
    const expectNoneLeft = (): void => {
      if (met !== undefined) throw met
    }
    try {
      return await transact(doWork, expectNoneLeft)
    } catch (error) {
      // Whatever code made of what was thrown, it follows from it.
      if (met === undefined) throw error
      done.set(met.work.name, await met.work.run())
    }
  }
}

/** Ends a transaction; never seen outside. */
class WorkMet<Outcome> extends Error {
  override readonly name = 'WorkMet'
  readonly work: SlowWork<Outcome>

  constructor(work: SlowWork<Outcome>) {
    super('Cannot go on in this transaction: slow work comes first')
    this.work = work
  }
}
