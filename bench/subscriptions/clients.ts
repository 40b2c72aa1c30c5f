/** The other side of `measure.ts`: opens the sockets, subscribes on each, and says when all of them have heard of a change. */
import { WebSocket } from 'ws'

const [, , origin = '', count = '0'] = process.argv
const SOCKETS = Number(count)
/** At once; a service has a bound on new connections, and so has the kernel. */
const BATCH = 100
const QUERY = 'subscription { postCreated { id title status createdAt } }'

let heard = 0
let firstAtMs = 0

function noteChange(): void {
  if (heard === 0) firstAtMs = Date.now()
  heard += 1
  if (heard < SOCKETS) return
  process.send?.({ firstAtMs, lastAtMs: Date.now(), heard })
  heard = 0
}

/** One socket of its own address, as behind a proxy. */
function open(at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      perMessageDeflate: false,
      headers: { 'x-forwarded-for': `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}` },
    })
    socket.on('error', reject)
    socket.on('open', () => socket.send('{"type":"connection_init"}'))
    socket.on('message', (data: Buffer) => {
      // The type is all that matters, and parsing would be the greater part of the work here.
      const text = data.toString('latin1')
      if (text.includes('"type":"next"')) noteChange()
      else if (text.includes('"connection_ack"')) {
        socket.send(JSON.stringify({ id: 's', type: 'subscribe', payload: { query: QUERY } }))
        resolve()
      } else reject(new Error(text))
    })
  })
}

const startedAtMs = performance.now()
for (let at = 0; at < SOCKETS; at += BATCH) {
  await Promise.all(Array.from({ length: Math.min(BATCH, SOCKETS - at) }, (_, index) => open(at + index)))
}
process.send?.({ openedMs: performance.now() - startedAtMs })
