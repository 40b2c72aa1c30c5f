/**
 * Puts an answer on the wire with a header block that was printed at start.
 *
 * `writeHead` checks and prints each header again: 3.5 µs for the ten that every answer has. `_storeHeader` is the step behind it, which
 * takes the beginning of the head as text; the block goes in there, behind the status line. It is not documented, so its presence
 * is looked at, and where it is missing `writeHead` does the work; a test over a real socket holds both to the same bytes.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { HeaderBlock } from './header-block.ts'

interface HeadStore {
  _storeHeader(firstLines: string, pairs: readonly string[]): void
  /** Set by `writeHead` for the statuses that never have a body. */
  _hasBody: boolean
}

const STATUS_LINES: readonly string[] = Array.from(
  { length: 600 },
  (_, status) => `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`,
)

/**
 * @param lines headers of this answer alone that need no check, each line with its end
 * @param pairs headers of this answer alone, names and values in turn; they are checked as by `writeHead`
 * @param bytes length of the body in UTF-8
 */
export function writeAnswer(
  response: ServerResponse,
  status: number,
  block: HeaderBlock,
  lines: string,
  pairs: readonly string[],
  body: string | Uint8Array | undefined,
  bytes: number,
): void {
  const store = response as unknown as Partial<HeadStore>
  if (typeof store._storeHeader !== 'function' || response.headersSent) {
    response.writeHead(status, [...block.pairs, ...splitLines(lines), ...pairs])
  } else {
    response.statusCode = status
    if (status === 204 || status === 304) store._hasBody = false
    store._storeHeader(`${STATUS_LINES[status] ?? ''}${block.text}${lines}`, pairs)
  }
  // As many bytes as characters: all of them ASCII, which is copied as it stands, two thirds of the cost of encoding.
  if (typeof body === 'string' && bytes === body.length) response.end(body, 'latin1')
  else response.end(body)
}

/** Names and values in turn, for those who take headers one by one. */
export function splitLines(lines: string): readonly string[] {
  return lines
    .split('\r\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const at = line.indexOf(': ')
      return [line.slice(0, at), line.slice(at + 2)]
    })
}
