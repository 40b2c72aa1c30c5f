/**
 * The store over PostgreSQL. Single statements share a few pipelined lanes; transactions have connections of their own.
 * Reads, changes and lists have lanes apart: neither a slow list nor a change that waits for a lock holds up a read behind it.
 */
import type pg from 'pg'
import type {
  ChangePlan,
  ChangeResult,
  CreatePlan,
  GetPlan,
  ListPlan,
  Store,
  StoredPage,
  StoredRecord,
  Transaction,
  TreePlan,
} from '../engine/index.ts'
import type { Statement } from '../sql/index.ts'
import { openPool, withTransaction } from './checkout.ts'
import { type ConnectionOptions, clientConfig, STATEMENT_TIMEOUT_MS, send } from './driver.ts'
import { readDatabaseError } from './errors.ts'
import { Lane, type LaneOptions } from './lane.ts'
import { LaneGroup } from './lane-group.ts'
import { ReadMerger } from './merge.ts'
import { getKey, RecordOperations, StatementCache } from './operations.ts'
import { SWEEP } from './statements/once.ts'
import { PgTransaction } from './transaction.ts'

export interface PgStoreOptions extends ConnectionOptions {
  /**
   * Pipelined connections for single reads, and as many for single writes. Default 4; twice as many while all of them stand
   * still.
   */
  readonly lanes?: number
  /** Pipelined connections for lists. Default 3; twice as many while all of them stand still. */
  readonly listLanes?: number
  /** The server ends a list that takes longer. Default 5 s, and never more than other statements have. */
  readonly listTimeoutMs?: number
  /** Connections for transactions. Default 5. */
  readonly transactions?: number
  /** Whether point reads of one turn become one statement. Default true. */
  readonly isMerging?: boolean
}

/**
 * Ends what a process of ours is at, unless that is something new: one who asks is a moment behind.
 * @see https://www.postgresql.org/docs/18/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL
 */
const END_STATEMENT: Statement<number> = {
  name: 'plinth_end_statement',
  text: `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE pid = $1 AND state = 'active' AND query_start < clock_timestamp() - interval '50 ms'
      AND application_name = current_setting('application_name') AND usename = current_user`,
  bind: (process) => [process],
}
const PING: Statement<undefined> = { name: '', text: 'SELECT 1', bind: () => [] }
const HELM_TIMEOUT_MS = 2_000
const LANES = 4
const LIST_LANES = 3
const TRANSACTIONS = 5
/**
 * A list that an index serves takes milliseconds: what takes seconds is a filter or a search without one, and more of it comes.
 */
const LIST_TIMEOUT_MS = 5_000
/** A transaction that finds no connection in this time is told to come back. */
const TRANSACTION_WAIT_MS = 2_000
/**
 * Merged reads have one shape for each set of rules and fields. More than this many are forgotten and made anew: a client chooses
 * its fields.
 */
const MERGERS_MAX = 500
/** After so many transactions a connection is replaced, and with it goes what the server keeps of its statements. */
const TRANSACTIONS_PER_CONNECTION = 10_000

/** Saturation of the store's connections. */
export interface StoreLoad {
  readonly statementsInFlight: number
  readonly transactionsOpen: number
  /** Requests that wait for a connection of their own. */
  readonly transactionsWaiting: number
}

/**
 * Records in PostgreSQL, over connections of its own: at most 28 with the defaults. Each is opened when it is first needed.
 *
 * Every call may throw `DEPENDENCY_UNAVAILABLE`, `DEPENDENCY_TIMEOUT` and `RATE_LIMIT_OVERLOADED`; writes also the errors of
 * `readDatabaseError`.
 *
 * @example
 * const store = new PgStore({ url: 'postgresql://localhost/blog', applicationName: 'blog' })
 * await store.connect()
 * const engine = new Engine({ domain: blog, store, clock, newId, seal })
 * await store.close()
 */
export class PgStore implements Store {
  readonly #reads: LaneGroup
  readonly #writes: LaneGroup
  readonly #lists: LaneGroup
  /** For what must pass when all others stand still. */
  readonly #helm: Lane
  readonly #pool: pg.Pool
  readonly #cache = new StatementCache()
  readonly #mergers = new Map<string, ReadMerger>()
  readonly #isMerging: boolean
  readonly #readOperations: RecordOperations
  readonly #writeOperations: RecordOperations
  readonly #listOperations: RecordOperations

  constructor(options: PgStoreOptions) {
    const timeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
    const listTimeoutMs = Math.min(options.listTimeoutMs ?? LIST_TIMEOUT_MS, timeoutMs)
    this.#helm = new Lane({ ...options, statementTimeoutMs: HELM_TIMEOUT_MS, silenceMsMax: silenceMsMax(HELM_TIMEOUT_MS) })
    const endStatement = async (process: number): Promise<void> => {
      await this.#helm.run(END_STATEMENT, END_STATEMENT.bind(process))
    }
    this.#reads = openLanes(options.lanes ?? LANES, { ...options, statementTimeoutMs: timeoutMs, endStatement })
    this.#writes = openLanes(options.lanes ?? LANES, { ...options, statementTimeoutMs: timeoutMs })
    this.#lists = openLanes(options.listLanes ?? LIST_LANES, { ...options, statementTimeoutMs: listTimeoutMs, endStatement })
    this.#pool = openPool({
      ...clientConfig(options),
      max: options.transactions ?? TRANSACTIONS,
      connectionTimeoutMillis: TRANSACTION_WAIT_MS,
      query_timeout: silenceMsMax(timeoutMs),
      maxUses: TRANSACTIONS_PER_CONNECTION,
    })
    this.#isMerging = options.isMerging ?? true
    this.#readOperations = new RecordOperations(this.#reads.run, this.#cache)
    this.#writeOperations = new RecordOperations(this.#writes.run, this.#cache)
    this.#listOperations = new RecordOperations(this.#lists.run, this.#cache)
  }

  /** Opens the first lanes, so that the first request does not pay for them. */
  async connect(): Promise<void> {
    await Promise.all([this.#reads, this.#writes, this.#lists].map((lanes) => lanes.connect()))
  }

  /** How busy the connections are now: for gauges. */
  get load(): StoreLoad {
    const { totalCount, idleCount, waitingCount } = this.#pool
    return {
      statementsInFlight: this.#reads.inFlight + this.#writes.inFlight + this.#lists.inFlight,
      transactionsOpen: totalCount - idleCount,
      transactionsWaiting: waitingCount,
    }
  }

  /** Whether the database answers now. */
  async ping(): Promise<void> {
    try {
      await this.#reads.run(PING, undefined)
    } catch (error) {
      throw readDatabaseError(error, undefined)
    }
  }

  get(plan: GetPlan): Promise<StoredRecord | undefined> {
    if (!this.#isMerging) return this.#readOperations.get(plan)
    const key = getKey(plan)
    let merger = this.#mergers.get(key)
    if (merger === undefined) {
      // One that has reads waiting flushes by itself.
      if (this.#mergers.size >= MERGERS_MAX) this.#mergers.clear()
      const operations = this.#readOperations
      merger = new ReadMerger({ alone: (one) => operations.get(one), merged: (plans) => operations.getMerged(plans) })
      this.#mergers.set(key, merger)
    }
    return merger.get(plan)
  }

  list(plan: ListPlan): Promise<StoredPage> {
    return this.#listOperations.list(plan)
  }

  /** On the lanes of lists, and with their time: a tree is lists above all. */
  tree(plan: TreePlan): Promise<string> {
    return this.#listOperations.tree(plan)
  }

  create(plan: CreatePlan): Promise<StoredRecord> {
    return this.#writeOperations.create(plan)
  }

  change(plan: ChangePlan): Promise<ChangeResult> {
    return this.#writeOperations.change(plan)
  }

  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return withTransaction(this.#pool, (client) =>
      work(new PgTransaction((statement, input) => send(client, statement, statement.bind(input)), this.#cache)),
    )
  }

  /** Forgets idempotency keys that have expired: at most 1,000 in one call. */
  async sweep(): Promise<void> {
    try {
      await this.#lists.run({ name: 'plinth_once_sweep', text: SWEEP, bind: () => [] }, undefined)
    } catch (error) {
      throw readDatabaseError(error, undefined)
    }
  }

  /** Ends all connections when what is under way has been answered. */
  async close(): Promise<void> {
    await Promise.all([this.#reads, this.#writes, this.#lists, this.#helm].map((lanes) => lanes.close()))
    await this.#pool.end()
  }
}

function openLanes(
  count: number,
  options: Omit<LaneOptions, 'silenceMsMax'> & { readonly statementTimeoutMs: number },
): LaneGroup {
  return new LaneGroup(count, () => new Lane({ ...options, silenceMsMax: silenceMsMax(options.statementTimeoutMs) }))
}

/** The server should end a statement by itself; a connection is cut when it did not. */
function silenceMsMax(statementTimeoutMs: number): number {
  return statementTimeoutMs * 1.1
}
