/** Bytes as they are, over a socket: for requests that no HTTP client would send. */
import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly body: string
  /** `VALIDATION_FAILED`, where the body is an error. */
  readonly code: string | undefined
}

/** Sends bytes and gathers every answer until the server closes, or is silent for `quietMs`. */
export function sendRaw(origin: string, bytes: string | Buffer, quietMs = 300): Promise<readonly RawAnswer[]> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () =>
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    )
    const finish = (): void => {
      socket.destroy()
      resolve(readAnswers(Buffer.concat(chunks).toString('latin1')))
    }
    socket.setTimeout(quietMs, finish)
    socket.on('error', () => undefined)
    socket.on('close', finish)
    socket.on('data', (chunk) => chunks.push(chunk))
  })
}

function readAnswers(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = text
  while (rest.startsWith('HTTP/1.1 ')) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) break
    const head = rest.slice(0, end)
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
    const body = rest.slice(end + 4, end + 4 + length)
    answers.push({ status: Number(head.slice(9, 12)), body, code: /"code":"([A-Z_]+)"/.exec(body)?.[1] })
    rest = rest.slice(end + 4 + length)
  }
  return answers
}
