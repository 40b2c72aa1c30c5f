/** What the process holds once all that nobody needs is gone: what a flood must not make grow. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Node gives the collector away only when asked. */
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of live objects and of buffers outside the heap. Resident memory also has what V8 keeps for later, which says nothing. */
export function heldBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
