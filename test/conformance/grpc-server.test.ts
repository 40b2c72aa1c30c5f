// Proves RPC-04, RPC-05: streams, deadlines, health, reflection, and the end of the server of gRPC.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { credentials, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { testService } from '../../src/testing/index.ts'
import { makeCertificate } from '../integration/certificate.ts'
import { type Blog, startBlog, USERS } from './blog.ts'
import { type GrpcClient, grpcClient, type Message } from './grpc-kit.ts'

let blog: Blog
let posts: GrpcClient

beforeAll(async () => {
  blog = await startBlog()
  posts = grpcClient(blog.service.grpcAddress, 'post')
})

afterAll(async () => {
  posts[Symbol.dispose]()
  await blog[Symbol.asyncDispose]()
})

/** Opens a watch; its headers come when it hears. */
async function watch(client: GrpcClient, request: object, token?: string) {
  const stream = client.stream('WatchPosts', request, { token, deadlineMs: 20_000 })
  const changes: Message[] = []
  stream.on('data', (change: Message) => changes.push(change))
  const ended = new Promise<ServiceError | undefined>((resolve) => {
    stream.on('error', (error: ServiceError) => resolve(error))
    stream.on('end', () => resolve(undefined))
  })
  await Promise.race([ended, new Promise((resolve) => stream.on('metadata', resolve))])
  return { stream, changes, ended }
}

describe('WatchPosts', () => {
  test('tells a change that the caller may read, and goes on behind it', async () => {
    const first = await watch(posts, {}, blog.tokens.editor)
    const id = await blog.post({ title: 'Heard' })
    await expect.poll(() => first.changes.length, { timeout: 5_000 }).toBe(1)
    first.stream.cancel()
    const later = await blog.post({ title: 'Heard later' })

    const second = await watch(posts, { after: first.changes[0].cursor }, blog.tokens.editor)
    await expect.poll(() => second.changes.length, { timeout: 5_000 }).toBe(1)
    second.stream.cancel()

    expect(first.changes[0]).toMatchObject({ post: { id, title: 'Heard' } })
    expect(second.changes[0]).toMatchObject({ post: { id: later } })
  })

  test('is refused for a cursor that is none', async () => {
    const { ended } = await watch(posts, { after: 'nonsense' }, blog.tokens.editor)

    expect((await ended)?.code).toBe(status.INVALID_ARGUMENT)
  })
})

describe('a deadline', () => {
  test('that passes ends the call with DEADLINE_EXCEEDED, and in the log as gone', async () => {
    const sql = await blog.service.sql()
    const id = await blog.post()
    await sql.query('BEGIN')
    await sql.query('LOCK TABLE posts IN ACCESS EXCLUSIVE MODE')

    const failure = await posts.fail('GetPost', { id }, { deadlineMs: 1_000, metadata: { 'x-request-id': 'too-late' } })
    await sql.query('ROLLBACK')

    expect(failure.code).toBe(status.DEADLINE_EXCEEDED)
    await expect
      .poll(() => blog.service.logs().filter((line) => JSON.stringify(line).includes('too-late')), { timeout: 5_000 })
      .toMatchObject([{ fields: { operation: 'posts.get', status: 499 } }])
  })
})

describe('a server that stops', () => {
  test('ends its streams with UNAVAILABLE, so that clients go on elsewhere', async () => {
    const service = await testService({ app })
    using client = grpcClient(service.grpcAddress, 'post')
    const { ended } = await watch(client, {}, service.token('admin'))

    await service.stop()

    expect((await ended)?.code).toBe(status.UNAVAILABLE)
  })
})

describe('the limits of a connection', () => {
  test('are told to the client: a hundred calls at once', async () => {
    const session = connect(`http://${blog.service.grpcAddress}`)

    const settings = await new Promise<{ readonly maxConcurrentStreams?: number }>((resolve) =>
      session.on('remoteSettings', resolve),
    )
    session.destroy()

    expect(settings.maxConcurrentStreams).toBe(100)
  })

  test('refuse a message above 1 MiB', async () => {
    const post = { author_id: USERS.editor, title: 'Long', body: 'x'.repeat(1_048_577) }

    const failure = await posts.fail('CreatePost', { post }, { token: blog.tokens.editor })

    expect(failure.code).toBe(status.RESOURCE_EXHAUSTED)
  })
})

describe('GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE', () => {
  test('serve calls over TLS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plinth-grpc-'))
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const made = makeCertificate()
    writeFileSync(cert, made.cert)
    writeFileSync(key, made.key)
    await using service = await testService({
      app,
      environment: { GRPC_TLS_CERT_FILE: cert, GRPC_TLS_KEY_FILE: key, SHUTDOWN_GRACE_MS: '1000' },
    })
    using client = grpcClient(
      service.grpcAddress.replace('127.0.0.1', 'localhost'),
      'post',
      credentials.createSsl(readFileSync(cert)),
    )

    const { message } = await client.call('ListPosts', {})
    rmSync(folder, { recursive: true })
    const { hostname: host, port } = new URL(`tls://${service.grpcAddress}`)
    const deaf = connectTls({ host, port: Number(port), ca: made.cert, servername: 'localhost', ALPNProtocols: ['h2'] })
    await once(deaf, 'secureConnect')
    const beganAtMs = performance.now()
    await service.stop()

    expect(message.posts).toEqual([])
    // Who does not read holds the service for its grace, and no longer.
    expect(performance.now() - beganAtMs).toBeLessThan(5_000)
    deaf.destroy()
  })

  test('are refused one without the other', async () => {
    const starting = testService({ app, environment: { GRPC_TLS_CERT_FILE: '/nowhere' } })

    await expect(starting).rejects.toThrow('expected both or none')
  })
})

describe('grpc.health.v1.Health', () => {
  const ask = (client: GrpcClient, service: string): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const request = Buffer.from([10, service.length, ...Buffer.from(service)])
      const same = (bytes: Buffer): Buffer => bytes
      client.raw.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, request, (error, answer) =>
        error === null && answer !== undefined ? resolve(answer) : reject(error),
      )
    })

  test('says that the process and its services serve', async () => {
    expect([...(await ask(posts, ''))]).toEqual([8, 1])
    expect([...(await ask(posts, 'post.v1.PostService'))]).toEqual([8, 1])
  })

  test('knows no service that there is not', async () => {
    await expect(ask(posts, 'nobody.v1.NobodyService')).rejects.toMatchObject({ code: status.NOT_FOUND })
  })

  test('tells those who watch that the server stops', async () => {
    const service = await testService({ app })
    using client = grpcClient(service.grpcAddress, 'post')
    const same = (bytes: Buffer): Buffer => bytes
    const heard: number[] = []
    const stream = client.raw.makeServerStreamRequest('/grpc.health.v1.Health/Watch', same, same, Buffer.alloc(0))
    const ended = new Promise((resolve) => stream.on('end', resolve))
    stream.on('error', () => undefined)
    stream.on('data', (bytes: Buffer) => heard.push(bytes[1] ?? 0))
    await expect.poll(() => heard, { timeout: 5_000 }).toEqual([1])

    await service.stop()
    await ended

    expect(heard).toEqual([1, 2])
  })
})

describe('reflection', () => {
  const text = (number: number, value: string): Buffer => Buffer.from([(number << 3) | 2, value.length, ...Buffer.from(value)])

  test.each(['v1', 'v1alpha'])('%s names the services and gives the file of a symbol', async (version) => {
    const same = (bytes: Buffer): Buffer => bytes
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
    const stream = posts.raw.makeBidiStreamRequest(path, same, same)
    const answers: Buffer[] = []
    stream.on('data', (bytes: Buffer) => answers.push(bytes))
    const ended = new Promise((resolve) => stream.on('end', resolve))

    stream.write(text(7, ''))
    stream.write(text(4, 'post.v1.PostService.GetPost'))
    stream.write(text(4, 'nobody.v1.Nothing'))
    stream.write(text(3, 'google/protobuf/timestamp.proto'))
    stream.end()
    await ended

    expect(answers[0]?.toString()).toContain('post.v1.PostService')
    expect(answers[1]?.toString()).toContain('post/v1/post.proto')
    expect(answers[1]?.toString()).toContain('google/protobuf/timestamp.proto')
    expect(answers[2]?.toString()).toContain('There is no such file or symbol')
    expect(answers[3]?.toString()).toContain('nanos')
  })

  test('is not there in production unless it is asked for', async () => {
    const environment = { PUBLIC_URL: 'https://api.example.com' }
    await using service = await testService({ app, mode: 'production', environment })
    using client = grpcClient(service.grpcAddress, 'post')
    const same = (bytes: Buffer): Buffer => bytes
    const stream = client.raw.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', same, same)

    const error = await new Promise<ServiceError>((resolve) => stream.on('error', resolve))

    expect(error.code).toBe(status.UNIMPLEMENTED)
  })
})

describe('production', () => {
  const settings = { PUBLIC_URL: 'https://api.example.com' }

  test('does not start where the lock of field numbers is not what the declaration says', async () => {
    const starting = testService({ app: { ...app, folder: tmpdir() }, mode: 'production', environment: settings })

    await expect(starting).rejects.toThrow('Cannot start: proto.lock.json is not what the declaration says')
  })

  test('starts without a lock where gRPC is off', async () => {
    const environment = { ...settings, GRPC_PORT: 'off' }
    await using service = await testService({ app: { ...app, folder: tmpdir() }, mode: 'production', environment })

    expect(service.service.grpcAddress).toBeUndefined()
  })
})

test('A port that another process has is told by the name of its setting', async () => {
  const [, port = ''] = blog.service.grpcAddress.split(':')

  const starting = testService({ app, environment: { GRPC_PORT: port } })

  await expect(starting).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}: another process uses this port`)
})
