// Proves RPC-05, RPC-02, RPC-04: a client that knows nothing but the address finds all that it needs, and uses it.
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  Client,
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js'
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitFor } from '../../src/testing/index.ts'
import { type Blog, startBlog, USERS } from './blog.ts'
import type { Message } from './grpc-kit.ts'

let blog: Blog
beforeAll(async () => {
  blog = await startBlog()
})
afterAll(() => blog[Symbol.asyncDispose]())

/** What a request of `grpc.reflection.v1` asks for, and what its answer has, by their numbers. */
const ASK = { symbol: 4, services: 7 }
const ANSWER = { files: 4, services: 6 }

/** The values of one field of a message, as bytes. */
function membersOf(bytes: Uint8Array, number: number): readonly Uint8Array[] {
  const reader = new BinaryReader(bytes)
  const found: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const [at, type] = reader.tag()
    if (at === number && type === WireType.LengthDelimited) found.push(reader.bytes())
    else reader.skip(type)
  }
  return found
}

/** Asks the server what it has; one question for each answer. */
async function ask(address: string, questions: readonly (readonly [number, string])[]): Promise<readonly Uint8Array[]> {
  const client = new Client(address, credentials.createInsecure())
  const same = (bytes: Buffer): Buffer => bytes
  const stream = client.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', same, same)
  const answers: Buffer[] = []
  stream.on('data', (bytes: Buffer) => answers.push(bytes))
  const ended = new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject))
  for (const [number, text] of questions)
    stream.write(Buffer.from(new BinaryWriter().tag(number, WireType.LengthDelimited).string(text).finish()))
  stream.end()
  await ended
  client.close()
  return answers
}

/** Learns all services of a server, and makes their classes. */
async function discover(address: string): Promise<Readonly<Record<string, ServiceClientConstructor>>> {
  const [listed = new Uint8Array()] = await ask(address, [[ASK.services, '']])
  const names = membersOf(listed, ANSWER.services)
    .flatMap((list) => membersOf(list, 1))
    .flatMap((service) => membersOf(service, 1))
    .map((name) => Buffer.from(name).toString())
  const answers = await ask(
    address,
    names.map((name) => [ASK.symbol, name]),
  )
  const files = new Map<string, Uint8Array>()
  for (const file of answers.flatMap((answer) => membersOf(answer, ANSWER.files)).flatMap((list) => membersOf(list, 1)))
    files.set(Buffer.from(membersOf(file, 1)[0] ?? []).toString(), file)
  const set = new BinaryWriter()
  for (const file of files.values()) set.tag(1, WireType.LengthDelimited).bytes(file)
  const definition = loadFileDescriptorSetFromBuffer(Buffer.from(set.finish()), { keepCase: true, enums: String, defaults: true })
  const loaded = loadPackageDefinition(definition)
  const classOf = (name: string) =>
    name.split('.').reduce<GrpcObject>((scope, part) => scope[part] as GrpcObject, loaded) as unknown as ServiceClientConstructor
  return Object.fromEntries(names.map((name) => [name, classOf(name)]))
}

describe('a client that knows only the address', () => {
  test('finds every service', async () => {
    const services = await discover(blog.service.grpcAddress)

    expect(Object.keys(services)).toEqual(expect.arrayContaining(['user.v1.UserService', 'post.v1.PostService']))
    const methods = Object.values(services['post.v1.PostService']?.service ?? {}).map(({ path }) => path.split('/').at(-1))
    expect(methods).toEqual(
      expect.arrayContaining(['GetPost', 'ListPosts', 'CreatePost', 'UpdatePost', 'DeletePost', 'WatchPosts']),
    )
  })

  test('creates, reads, lists, changes, hears of it and deletes', async () => {
    const { 'post.v1.PostService': PostService } = await discover(blog.service.grpcAddress)
    if (PostService === undefined) throw new Error('there is no PostService')
    const client = new PostService(blog.service.grpcAddress, credentials.createInsecure())
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${blog.tokens.admin}`)
    const methods = client as unknown as Readonly<Record<string, (...parts: readonly unknown[]) => Message>>
    const call = (name: string, request: object): Promise<Message> =>
      new Promise((resolve, reject) =>
        methods[name]?.(request, metadata, (error: ServiceError | null, answer: Message) =>
          error === null ? resolve(answer) : reject(error),
        ),
      )
    const heard: Message[] = []
    const watch = methods['WatchPosts']?.({}, metadata) as ClientReadableStream<Message>
    watch.on('data', (change) => heard.push(change)).on('error', () => undefined)
    await new Promise((resolve) => watch.once('metadata', resolve))

    const made = await call('CreatePost', { post: { author_id: USERS.editor, title: 'Found', body: 'By reflection' } })
    const { id } = made.post
    const read = await call('GetPost', { id, read_mask: { paths: ['title'] } })
    const listed = await call('ListPosts', { filter: { author_id: { eq: USERS.editor } }, order_by: 'created_at desc' })
    const changed = await call('UpdatePost', {
      id,
      post: { title: 'Found again', body: 'not named' },
      update_mask: { paths: ['title'] },
    })
    await call('DeletePost', { id })
    const gone = await call('GetPost', { id }).catch((error: ServiceError) => error.code)
    await waitFor('three changes', () => heard.length >= 3)
    watch.cancel()
    client.close()

    expect(read.post).toMatchObject({ id, title: 'Found', body: '' })
    expect(listed.posts[0]).toMatchObject({ id, status: 'POST_STATUS_DRAFT' })
    expect(changed.post).toMatchObject({ title: 'Found again', body: 'By reflection', version: 2 })
    expect(gone).toBe(5)
    expect(heard.map(({ kind }) => kind)).toEqual([
      'POST_CHANGE_KIND_CREATED',
      'POST_CHANGE_KIND_UPDATED',
      'POST_CHANGE_KIND_DELETED',
    ])
    expect(heard.map((change) => change.id)).toEqual([id, id, id])
  })
})
