// Proves RPC-05, INP-01 (B10, A17, A22): three hundred messages that are broken in every way, metadata that pretends, services that are not for anybody.
import { fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import domain from '../../examples/blog/domain.ts'
import { describeGrpc, EMPTY_LOCK, type GrpcMethod } from '../../src/grpc/index.ts'
import { report, seededRandom, tally } from '../chaos/rounds.ts'
import { type Blog, startBlog, USERS } from '../conformance/blog.ts'
import { heldBytes } from './held-memory.ts'

const { methods } = describeGrpc(domain, EMPTY_LOCK)
const UNARY = methods.filter(({ kind }) => kind !== 'watch')
const PATIENCE_MS = 10_000

let blog: Blog
let client: Client
let postId: string

beforeAll(async () => {
  blog = await startBlog()
  client = new Client(blog.service.grpcAddress, credentials.createInsecure())
  postId = await blog.post({ title: 'Stands' })
})

afterAll(async () => {
  client.close()
  await blog[Symbol.asyncDispose]()
})

const same = (bytes: Buffer): Buffer => bytes

function call(path: string, message: Uint8Array, metadata = new Metadata()): Promise<number> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      same,
      same,
      Buffer.from(message),
      metadata,
      { deadline: Date.now() + PATIENCE_MS },
      (error: ServiceError | null) => resolve(error?.code ?? status.OK),
    )
  })
}

const pathOf = ({ descMethod }: GrpcMethod): string => `/${descMethod.parent.typeName}/${descMethod.name}`

function asAdmin(): Metadata {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${blog.tokens.admin}`)
  return metadata
}

/** A message that the method takes; what it does is refused or harmless. */
function soundMessage({ kind, resource, descMethod }: GrpcMethod): Uint8Array {
  const id = resource.name === 'post' ? postId : USERS.viewer
  const values: JsonValue =
    resource.name === 'post'
      ? { author_id: USERS.editor, title: 'Broken', body: 'Text' }
      : { email: 'broken@example.com', display_name: 'Broken' }
  const wrapper = resource.name
  const json: Readonly<Record<string, JsonValue>> =
    {
      get: { id },
      list: { page_size: 1, filter: {} },
      create: { [wrapper]: values },
      update: { id, [wrapper]: values, version: 99 },
      delete: { id, version: 99 },
      restore: { id, version: 99 },
      act: { id, version: 99 },
    }[kind as Exclude<typeof kind, 'watch' | 'exchange'>] ?? {}
  return toBinary(descMethod.input, fromJson(descMethod.input, json))
}

type Break = (sound: Uint8Array, random: () => number) => Uint8Array

const nested = (depth: number): Uint8Array => {
  let inner: Uint8Array = new Uint8Array()
  for (let at = 0; at < depth; at++) inner = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(inner).finish()
  return inner
}

/** How a message is broken. Each is tried on each method. */
const BREAKS: Readonly<Record<string, Break>> = {
  'cut short': (sound, random) => sound.subarray(0, Math.max(1, Math.floor(random() * sound.length))),
  'a byte changed': (sound, random) => {
    const broken = Uint8Array.from(sound.length === 0 ? [0] : sound)
    const at = Math.floor(random() * broken.length)
    broken[at] = (broken[at] ?? 0) ^ (1 + Math.floor(random() * 255))
    return broken
  },
  noise: (_, random) => Uint8Array.from({ length: 1 + Math.floor(random() * 200) }, () => Math.floor(random() * 256)),
  'a varint of eleven bytes': (sound) => Uint8Array.from([...sound, 0x08, ...Array.from({ length: 10 }, () => 0xff), 0x01]),
  'a varint that does not end': (sound) => Uint8Array.from([...sound, 0x08, 0xff, 0xff]),
  'field number nought': (sound) => Uint8Array.from([...sound, 0x00, 0x01]),
  'the largest field number': (sound) => Uint8Array.from([...sound, 0xfa, 0xff, 0xff, 0xff, 0x0f, 0x00]),
  'a field that there is not': (sound) => Uint8Array.from([...sound, 0xa0, 0x3e, 0x01]),
  'a group': (sound) => Uint8Array.from([...sound, 0x0b, 0x0c]),
  'a group that does not end': (sound) => Uint8Array.from([...sound, 0x0b]),
  'an end without a group': (sound) => Uint8Array.from([...sound, 0x0c]),
  'wire type six': (sound) => Uint8Array.from([...sound, 0x0e, 0x01]),
  'wire type seven': (sound) => Uint8Array.from([...sound, 0x0f, 0x01]),
  'a length beyond the end': (sound) => Uint8Array.from([...sound, 0x0a, 0x7f, 0x01]),
  'a length of 4 GiB': (sound) => Uint8Array.from([...sound, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
  'a text that is not UTF-8': (sound) => Uint8Array.from([...sound, 0x0a, 0x02, 0xc3, 0x28]),
  'a text with half a character': (sound) => Uint8Array.from([...sound, 0x0a, 0x03, 0xed, 0xa0, 0x80]),
  'a NUL in a text': (sound) => Uint8Array.from([...sound, 0x0a, 0x01, 0x00]),
  'a text as a number': (sound) => Uint8Array.from([...sound, 0x08, 0x2a]),
  'a text as eight bytes': (sound) => Uint8Array.from([...sound, 0x09, 1, 2, 3, 4, 5, 6, 7, 8]),
  'a text as four bytes': (sound) => Uint8Array.from([...sound, 0x0d, 1, 2, 3, 4]),
  'a hundred messages deep': () => nested(100),
  'ten thousand messages deep': () => nested(10_000),
  'the same field a thousand times': (sound) =>
    Uint8Array.from([...sound, ...Array.from({ length: 1_000 }, () => [0x0a, 0x00]).flat()]),
}

describe('a message that is broken', () => {
  const random = seededRandom()
  const cases = UNARY.flatMap((method) => Object.entries(BREAKS).map(([how, breakIt]) => ({ method, how, breakIt })))
  /** What a caller can have done wrong, and what a mutation can have left whole. */
  const FAULTS_OF_CALLERS: readonly number[] = [
    status.OK,
    status.INVALID_ARGUMENT,
    status.NOT_FOUND,
    status.ALREADY_EXISTS,
    status.PERMISSION_DENIED,
    status.FAILED_PRECONDITION,
    status.ABORTED,
  ]

  test('is refused as the fault of the caller, and nothing else suffers', { timeout: 60_000 }, async () => {
    const [before, residentBefore] = [heldBytes(), process.memoryUsage().rss]
    const codes: { readonly name: string; readonly code: number }[] = []
    for (const { method, how, breakIt } of cases)
      codes.push({
        name: `${how}, ${pathOf(method)}`,
        code: await call(pathOf(method), breakIt(soundMessage(method), random), asAdmin()),
      })

    report('B10 broken messages', { cases: cases.length, ...tally(codes.map(({ code }) => status[code] ?? String(code))) })
    expect(cases.length).toBeGreaterThanOrEqual(300)
    expect(codes.filter(({ code }) => !FAULTS_OF_CALLERS.includes(code))).toEqual([])
    expect(codes.filter(({ code }) => code === status.INVALID_ARGUMENT).length).toBeGreaterThan(cases.length / 2)
    expect(blog.service.logs().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
    // No message of 4 GiB was believed, and none of them is still held.
    expect(process.memoryUsage().rss - residentBefore).toBeLessThan(512 * 1_048_576)
    expect(heldBytes() - before).toBeLessThan(64 * 1_048_576)
  })

  test('leaves no statement running', async () => {
    const sql = await blog.service.sql()
    const running = await sql.query(
      `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`,
    )

    expect(running).toEqual([])
  })
})

describe('metadata that pretends to be somebody', () => {
  const NAMES = [
    'x-user-id',
    'x-user',
    'x-role',
    'x-roles',
    'x-permissions',
    'x-forwarded-user',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'forwarded',
    'x-remote-user',
    'x-authenticated-user',
    'x-original-url',
    'x-http-method-override',
    'cookie',
    'proxy-authorization',
    'authorization-bin',
    'x-token-bin',
    'grpc-tags-bin',
  ]
  const VALUES: readonly (() => string)[] = [
    () => USERS.admin,
    () => 'admin',
    () => `Bearer ${blog.tokens.admin}`,
    () => '127.0.0.1',
  ]

  test('makes nobody of an admin', async () => {
    const deletePost = methods.find(({ kind, resource }) => kind === 'delete' && resource.name === 'post') as GrpcMethod
    const message = soundMessage(deletePost)
    const codes: number[] = []
    for (const name of NAMES) {
      for (const value of VALUES) {
        const metadata = new Metadata()
        metadata.set(name, name.endsWith('-bin') ? Buffer.from(value()) : value())
        codes.push(await call(pathOf(deletePost), message, metadata))
      }
    }

    expect(codes).toHaveLength(80)
    expect(new Set(codes)).toEqual(new Set([status.UNAUTHENTICATED]))
  })
})

describe('what is kept for the service itself', () => {
  const TABLES = [
    'plinth_accounts',
    'plinth_sessions',
    'plinth_refresh_tokens',
    'plinth_keys',
    'plinth_journal',
    'plinth_failures',
    'plinth_passkeys',
    'plinth_one_time_secrets',
    'plinth_oauth_clients',
    'plinth_idempotency_keys',
    'plinth_migrations',
    'pg_catalog',
    'information_schema',
  ]

  test('has no service, under any of its names', async () => {
    const codes: number[] = []
    for (const table of TABLES) {
      const pascal = table.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
      for (const service of [`${table}.v1.${pascal}Service`, `${table}.${pascal}`, `plinth.v1.${pascal}Service`])
        for (const method of [`Get${pascal}`, `List${pascal}`, 'Get', 'List'])
          codes.push(await call(`/${service}/${method}`, new Uint8Array(), asAdmin()))
    }

    expect(codes.length).toBeGreaterThan(100)
    expect(new Set(codes)).toEqual(new Set([status.UNIMPLEMENTED]))
  })
})
