/** Verifies one password over and over and does nothing else: what sign-in would cost if hashing were all of it. */
import { verify } from '@node-rs/argon2'

const [seconds = 1, atOnce = 1] = process.argv.slice(2).map(Number)
const { PASSWORD = '', DIGEST = '' } = process.env
let count = 0
const cpuBefore = process.cpuUsage()
const startedMs = performance.now()
const endMs = startedMs + seconds * 1_000

await Promise.all(Array.from({ length: atOnce }, () => work()))

const tookS = (performance.now() - startedMs) / 1_000
const { user, system } = process.cpuUsage(cpuBefore)
process.stdout.write(`${JSON.stringify({ perSecond: count / tookS, cpuUs: (user + system) / count })}\n`)

async function work(): Promise<void> {
  const password = Buffer.from(PASSWORD)
  while (performance.now() < endMs) {
    if (!(await verify(DIGEST, password))) throw new Error('Cannot measure: the password is not that of the digest')
    count += 1
  }
}
