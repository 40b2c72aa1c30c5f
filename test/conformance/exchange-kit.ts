/** Clients of exchanges for the tests: grpc-js over the `.proto` files of the domain of chats, as a stranger would write them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  type ClientDuplexStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type StatusObject,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { describeGrpc, EMPTY_LOCK, renderProto } from '../../src/grpc/index.ts'
import { type TestService, testService, waitFor } from '../../src/testing/index.ts'
import { chatApp } from '../domains/chat/app.ts'
import { chat } from '../domains/chat/domain.ts'
import type { Message } from './grpc-kit.ts'

/** The people who talk. */
export const PEOPLE = {
  ada: 'person_01h455vb4pex5vsknk084sn02q',
  ben: 'person_01h455vb4pex5vsknk084sn02r',
} as const

export interface Talk {
  /** What was heard so far. */
  readonly heard: readonly Message[]
  say(message: object): void
  /** Says no more, and goes on hearing. */
  finish(): void
  /** Hangs up. */
  leave(): void
  /** Resolves when it has ended, whatever way. */
  readonly ended: Promise<StatusObject>
  /** Resolves when so many were heard. */
  hears(count: number): Promise<readonly Message[]>
  readonly stream: ClientDuplexStream<object, Message>
}

export interface TalkOptions {
  readonly token?: string | undefined
  readonly deadlineMs?: number
  /** Calls share a connection, which has room for a hundred. */
  readonly connection?: number
}

export interface Rooms extends AsyncDisposable {
  readonly service: TestService
  readonly tokens: Readonly<Record<keyof typeof PEOPLE | 'host', string>>
  /** Makes a room and gives its id. */
  room(title?: string): Promise<string>
  /** `talk('ChatRoom', { token })`. @param address of another instance; default the first */
  talk(method: string, options?: TalkOptions, address?: string): Talk
}

/** @param environment settings, as environment variables */
export async function startRooms(environment: Readonly<Record<string, string>> = {}): Promise<Rooms> {
  const service = await testService({ app: chatApp, environment })
  const tokens = {
    ada: service.token('guest', PEOPLE.ada),
    ben: service.token('guest', PEOPLE.ben),
    host: service.token('host'),
  }
  const sql = await service.sql()
  await sql.query(
    `INSERT INTO people (id, name, created_at, updated_at, version) VALUES
      ('01890a5d-ac96-774b-bcce-b302099a8057', 'Ada', now(), now(), 1), ('01890a5d-ac96-774b-bcce-b302099a8058', 'Ben', now(), now(), 1)`,
  )
  const Service = loadService()
  const clients = new Map<string, InstanceType<ServiceClientConstructor>>()
  return {
    service,
    tokens,
    async room(title = 'Engines') {
      const made = await service.request('/api/v1/rooms', { method: 'POST', token: tokens.host, body: { title } })
      return made.json.data.id
    },
    talk(method, { token, deadlineMs, connection = 0 } = {}, address = service.grpcAddress) {
      const name = `${address} ${connection}`
      const client =
        clients.get(name) ?? new Service(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
      clients.set(name, client)
      const metadata = new Metadata()
      if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
      const methods = client as unknown as Readonly<
        Record<string, (...parts: readonly unknown[]) => ClientDuplexStream<object, Message>>
      >
      const open = methods[method]
      if (open === undefined) throw new Error(`There is no method ${method}`)
      return talkOver(open.call(client, metadata, { deadline: Date.now() + (deadlineMs ?? 30_000) }))
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients.values()) client.close()
      await service.stop()
    },
  }
}

function talkOver(stream: ClientDuplexStream<object, Message>): Talk {
  const heard: Message[] = []
  stream.on('data', (message) => heard.push(message))
  stream.on('error', () => undefined)
  return {
    heard,
    stream,
    say: (message) => void stream.write(message),
    finish: () => void stream.end(),
    leave: () => stream.cancel(),
    ended: new Promise((resolve) => stream.on('status', resolve)),
    hears: (count) => waitFor(`${count} messages`, () => (heard.length >= count ? heard : undefined)),
  }
}

function loadService(): ServiceClientConstructor {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-chat-proto-'))
  try {
    for (const [path, text] of renderProto(describeGrpc(chat, EMPTY_LOCK))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const definition = loadSync('room/v1/room.proto', {
      includeDirs: [folder],
      keepCase: true,
      enums: String,
      longs: String,
      defaults: true,
    })
    const loaded = (loadPackageDefinition(definition)['room'] as GrpcObject)['v1'] as GrpcObject
    return loaded['RoomService'] as ServiceClientConstructor
  } finally {
    rmSync(folder, { recursive: true })
  }
}
