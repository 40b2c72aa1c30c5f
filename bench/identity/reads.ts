/**
 * Reads posts at a steady pace and says how long the answers took. Requests leave on time whether others have been answered or not, so a
 * server that stands still is seen by all that would have come meanwhile.
 */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const [seconds = 1, perSecond = 1] = process.argv.slice(2).map(Number)
const { URL_OF_SERVICE = '', TOKEN = '', LINES_FILE = '' } = process.env
const paths = readFileSync(LINES_FILE, 'utf8').split('\n')
const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const headers = { authorization: `Bearer ${TOKEN}` }
const WARM_UP_S = 0.3

await run(WARM_UP_S)
const sorted = (await run(seconds)).sort((left, right) => left - right)
agent.destroy()
const at = (share: number): number => Math.round((sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN) * 1_000)
process.stdout.write(`${JSON.stringify({ requests: sorted.length, p50Us: at(0.5), p99Us: at(0.99) })}\n`)

/** @returns milliseconds from the sending of a request to the end of its answer */
async function run(forS: number): Promise<number[]> {
  const startedMs = performance.now()
  const answers: Promise<number>[] = []
  while (answers.length < forS * perSecond) {
    const due = ((performance.now() - startedMs) / 1_000) * perSecond
    while (answers.length < due) answers.push(read(paths[Math.floor(Math.random() * paths.length)] ?? '/'))
    await sleep(1)
  }
  return Promise.all(answers)
}

function read(path: string): Promise<number> {
  const sentMs = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request(URL_OF_SERVICE + path, { agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`Cannot use this run: ${path} answered ${answer.statusCode}, expected 200`))
      answer.resume().once('end', () => resolve(performance.now() - sentMs))
    })
    sent.once('error', reject).end()
  })
}
