/**
 * Turns the size and the durability of an embedded server into its `postgresql.conf`. Pure: knows settings, not files or
 * processes.
 */

export type SettingValue = string | number | boolean

export interface SettingsInput {
  /** `full`: what was acknowledged survives a power cut. `none`: for tests, nothing is promised beyond the life of the server. */
  readonly durability: 'full' | 'none'
  /** Where the socket goes, or the loopback port to listen on. */
  readonly listen: { readonly socketFolder: string } | { readonly port: number }
  readonly logFolder: string
  /** Settings that replace the ones here. */
  readonly tuning: Readonly<Record<string, SettingValue>>
}

/** What no tuning may touch: `durability` is the one, explicit way to lose acknowledged rows. */
const DURABILITY_SETTINGS = ['fsync', 'full_page_writes', 'synchronous_commit', 'wal_sync_method', 'zero_damaged_pages']

/** A server beside one application process on one machine: small, quick to start, steady. */
const SMALL: Readonly<Record<string, SettingValue>> = {
  max_connections: 40,
  superuser_reserved_connections: 0,
  reserved_connections: 0,
  shared_buffers: '96MB',
  // The rest of the machine's memory is the kernel's page cache; a guess that favours index scans.
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  // Short statements of a service: compiling them costs more than it saves (the manual's own advice for OLTP).
  jit: false,
  // One process for each connection is enough on a small machine; also a container's /dev/shm is often 64 MB.
  max_parallel_workers_per_gather: 0,
  max_worker_processes: 4,
  io_method: 'sync',
  // SSDs are the rule.
  random_page_cost: 1.1,
  // Nobody replicates from here; bulk loads and CREATE DATABASE write less.
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_wal_size: '512MB',
  min_wal_size: '64MB',
  checkpoint_timeout: '5min',
  autovacuum_max_workers: 2,
  autovacuum_worker_slots: 2,
  autovacuum_naptime: '30s',
  // A client that vanished must not hold its locks for two hours.
  tcp_keepalives_idle: 60,
  client_connection_check_interval: '5s',
  timezone: 'UTC',
}

const LOGGING: Readonly<Record<string, SettingValue>> = {
  logging_collector: true,
  log_filename: 'postgres-%a.log',
  // A week of logs, a file a day, each begun anew after a week: bounded without a caretaker.
  log_rotation_age: '1d',
  log_rotation_size: 0,
  log_truncate_on_rotation: true,
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  // Statements that fail are the application's to log; here they could carry the data of users into a file.
  log_min_error_statement: 'panic',
  log_checkpoints: false,
}

const DURABLE: Readonly<Record<string, SettingValue>> = { fsync: true, full_page_writes: true, synchronous_commit: 'on' }

const DISPOSABLE: Readonly<Record<string, SettingValue>> = {
  fsync: false,
  full_page_writes: false,
  synchronous_commit: 'off',
  autovacuum: false,
  max_connections: 200,
  max_wal_size: '2GB',
  checkpoint_timeout: '1h',
}

/** The text of `postgresql.conf`. @throws when the tuning would weaken durability, or names what is no setting */
export function renderSettings(input: SettingsInput): string {
  for (const name of Object.keys(input.tuning)) {
    if (DURABILITY_SETTINGS.includes(name)) {
      throw new Error(
        `Cannot tune "${name}" of the embedded database: it decides whether acknowledged rows survive, expected the option durability`,
      )
    }
    if (!/^[a-z_]+(\.[a-z_]+)?$/.test(name)) {
      throw new Error(`Cannot tune "${name}" of the embedded database: it is not a setting, expected a name like work_mem`)
    }
  }
  const settings = {
    ...SMALL,
    ...LOGGING,
    ...(input.durability === 'none' ? DISPOSABLE : DURABLE),
    ...input.tuning,
    ...renderListen(input.listen),
    log_directory: input.logFolder,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${renderValue(value)}`)
  return ['# Written by Plinth at each start. To change a setting use the option `tuning`, or ALTER SYSTEM.', ...lines, ''].join(
    '\n',
  )
}

/**
 * The text of `pg_hba.conf`: the application's role with its password, and nobody else, not even the superuser.
 * The superuser's way in is the server's single-user mode, for which the data must be one's own.
 */
export function renderAccessRules(role: string): string {
  return [
    '# Written by Plinth at each start.',
    `local all "${role}" scram-sha-256`,
    `host all "${role}" 127.0.0.1/32 scram-sha-256`,
    '',
  ].join('\n')
}

function renderListen(listen: SettingsInput['listen']): Record<string, SettingValue> {
  if ('port' in listen) return { listen_addresses: '127.0.0.1', port: listen.port, unix_socket_directories: '' }
  return {
    listen_addresses: '',
    port: SOCKET_PORT,
    // A list of paths: the double quotes keep spaces and commas inside one of them.
    unix_socket_directories: `"${listen.socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
  }
}

/** Names the socket file only: nothing listens on this port. */
export const SOCKET_PORT = 5432
/** How PostgreSQL names its socket. */
export const SOCKET_FILE = `.s.PGSQL.${SOCKET_PORT}`

function renderValue(value: SettingValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number') return String(value)
  return `'${value.replaceAll("'", "''")}'`
}
