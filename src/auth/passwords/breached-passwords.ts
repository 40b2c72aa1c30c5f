/**
 * Asks a service of known breaches whether a password is among them, without telling it which password: it is sent five of the forty
 * digits of a SHA-1, and answers with all endings that it knows of. When it cannot be asked, no password is held back for it.
 *
 * @see https://haveibeenpwned.com/API/v3#PwnedPasswords
 */
import { createHash } from 'node:crypto'

export interface BreachedPasswords {
  /** Whether the password is known from a breach; false when nobody can tell. */
  isBreached(text: string): Promise<boolean>
}

export interface BreachedPasswordsOptions {
  /** The address before the five digits: `https://api.pwnedpasswords.com/range/`. https, or http on this machine. */
  readonly url: string
  readonly fetch: typeof fetch
  /** Default 1,000: somebody is waiting. */
  readonly timeoutMs?: number
  /** Hears why the service could not be asked. */
  readonly onFailure: (error: Error) => void
}

const PREFIX_LENGTH = 5
/** A range has some 1,000 rows of 40 bytes, padding included. */
const ANSWER_BYTES_MAX = 1024 * 1024

/** Makes the port. Nothing is asked unless somebody has made one. */
export function createBreachedPasswords(options: BreachedPasswordsOptions): BreachedPasswords {
  const base = checkUrl(options.url)
  return {
    async isBreached(text) {
      const digest = createHash('sha1').update(text).digest('hex').toUpperCase()
      try {
        const rows = await readRange(`${base}${digest.slice(0, PREFIX_LENGTH)}`, options)
        return holds(rows, digest.slice(PREFIX_LENGTH))
      } catch (cause) {
        options.onFailure(new Error('Cannot ask whether a password is known from a breach', { cause }))
        return false
      }
    },
  }
}

function checkUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isLocal = parsed !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname)
  if (parsed === undefined || !(parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLocal)))
    throw new Error(
      'Cannot ask for breached passwords: the URL does not begin with https://, expected one such as https://api.pwnedpasswords.com/range/',
    )
  return url.endsWith('/') ? url : `${url}/`
}

async function readRange(url: string, { fetch, timeoutMs = 1_000 }: BreachedPasswordsOptions): Promise<string> {
  // Padding makes all answers about as long, so that their length does not tell the prefix to who listens.
  const response = await fetch(url, {
    headers: { 'add-padding': 'true', accept: 'text/plain' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`Cannot read the range: the status is ${response.status}, expected 200`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`Cannot read the range: it is longer than ${ANSWER_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1')
}

/** Rows are `<35 digits>:<how often>`; those seen no time at all are the padding. */
function holds(rows: string, ending: string): boolean {
  return rows.split('\n').some((row) => {
    const [digits = '', count = ''] = row.trim().split(':')
    return digits.toUpperCase() === ending && Number(count) > 0
  })
}
