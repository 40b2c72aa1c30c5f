/** The protobuf files: current where they are committed, and read by a compiler of others as what the server describes. */
// Proves RPC-01, RPC-02, RPC-03.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadSync } from '@grpc/proto-loader'
import { describe, expect, test } from 'vitest'
import blog from '../../examples/blog/domain.ts'
import { describeGrpc, EMPTY_LOCK, type GrpcDescription, readLock, renderLock, renderProto } from '../../src/grpc/index.ts'
import { chat } from '../domains/chat/domain.ts'
import { orders } from '../domains/orders/domain.ts'

const BLOG = join(import.meta.dirname, '../../examples/blog')
const lock = readLock(readFileSync(join(BLOG, 'proto.lock.json'), 'utf8'))

/** What protobuf.js has made of a message, as the descriptor of protobuf spells it. */
interface Described {
  readonly name: string
  readonly field: readonly {
    readonly name: string
    readonly number: number
    readonly type: string
    readonly typeName: string
    readonly label: string
  }[]
  readonly nestedType: readonly Described[]
}

type Loaded = Readonly<Record<string, { readonly type?: Described | undefined; readonly format?: string }>>

/** `1 TYPE_STRING LABEL_OPTIONAL id`, for each field of each message. */
function listFields(loaded: Loaded): readonly string[] {
  const list = (path: string, { field, nestedType }: Described): readonly string[] => [
    ...field.map((one) => `${path} ${one.number} ${one.type} ${one.typeName.split('.').at(-1)} ${one.label} ${one.name}`),
    ...nestedType.flatMap((one) => list(`${path}.${one.name}`, one)),
  ]
  return Object.entries(loaded)
    .filter(([name]) => !name.startsWith('google.'))
    .flatMap(([name, one]) =>
      one.format === 'Protocol Buffer 3 DescriptorProto' && one.type !== undefined ? list(name, one.type) : [],
    )
    .sort()
}

function loadPrinted(description: GrpcDescription): Loaded {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-proto-'))
  try {
    const files = renderProto(description)
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return loadSync([...files.keys()], { includeDirs: [folder], keepCase: true }) as Loaded
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function listDescribed({ registry }: GrpcDescription): readonly string[] {
  const TYPES = [
    '',
    'DOUBLE',
    'FLOAT',
    'INT64',
    'UINT64',
    'INT32',
    'FIXED64',
    'FIXED32',
    'BOOL',
    'STRING',
    'GROUP',
    'MESSAGE',
    'BYTES',
    'UINT32',
    'ENUM',
  ]
  const LABELS = ['', 'LABEL_OPTIONAL', 'LABEL_REQUIRED', 'LABEL_REPEATED']
  return [...registry]
    .filter((one) => one.kind === 'message' && !one.typeName.startsWith('google.'))
    .flatMap((one) => (one.kind === 'message' ? one.fields.map(({ proto }) => ({ path: one.typeName, proto })) : []))
    .map(
      ({ path, proto }) =>
        `${path} ${proto.number} TYPE_${TYPES[proto.type]} ${proto.typeName.split('.').at(-1)} ${LABELS[proto.label]} ${proto.name}`,
    )
    .sort()
}

describe('the files of the reference service', () => {
  // When one is not: `plinth proto` in examples/blog.
  const description = describeGrpc(blog, lock)

  test('are those that its declaration gives', () => {
    for (const [path, text] of renderProto(description)) expect(readFileSync(join(BLOG, 'proto', path), 'utf8'), path).toBe(text)
  })

  test('have all their numbers in the lock', () => {
    expect(renderLock(description.lock)).toBe(readFileSync(join(BLOG, 'proto.lock.json'), 'utf8'))
    expect(description.isLocked).toBe(true)
  })

  test('give UserService its methods, each with messages of its own', () => {
    const service = description.registry.getService('user.v1.UserService')

    expect(service?.methods.map(({ name, input, output }) => `${name} ${input.typeName} ${output.typeName}`)).toEqual([
      'GetUser user.v1.GetUserRequest user.v1.GetUserResponse',
      'ListUsers user.v1.ListUsersRequest user.v1.ListUsersResponse',
      'CreateUser user.v1.CreateUserRequest user.v1.CreateUserResponse',
      'UpdateUser user.v1.UpdateUserRequest user.v1.UpdateUserResponse',
      'DeleteUser user.v1.DeleteUserRequest user.v1.DeleteUserResponse',
      'RestoreUser user.v1.RestoreUserRequest user.v1.RestoreUserResponse',
      'WatchUsers user.v1.WatchUsersRequest user.v1.WatchUsersResponse',
    ])
  })

  test('keep times as Timestamp, change by FieldMask and wrap every answer', () => {
    const fieldsOf = (name: string): readonly string[] =>
      description.registry.getMessage(name)?.fields.map((field) => `${field.message?.typeName ?? field.name}`) ?? []

    expect(fieldsOf('post.v1.Post').filter((name) => name === 'google.protobuf.Timestamp')).toHaveLength(4)
    expect(fieldsOf('post.v1.UpdatePostRequest')).toContain('google.protobuf.FieldMask')
    for (const method of ['GetPost', 'CreatePost', 'UpdatePost', 'RestorePost', 'PublishPost'])
      expect(fieldsOf(`post.v1.${method}Response`), method).toEqual(['post.v1.Post'])
    expect(fieldsOf('post.v1.ListPostsResponse')).toContain('post.v1.Post')
  })
})

describe.each([
  ['the blog', describeGrpc(blog, lock)],
  ['the orders', describeGrpc(orders, EMPTY_LOCK)],
  ['the chat', describeGrpc(chat, EMPTY_LOCK)],
])('the printed files of %s', (_, description) => {
  const loaded = loadPrinted(description)

  test('describe to another compiler what the server serves', () => {
    const described = listDescribed(description)

    expect(described.length).toBeGreaterThan(50)
    expect(listFields(loaded)).toEqual(described)
  })

  test('hold the same enums', () => {
    const ours = [...description.registry].filter((one) => one.kind === 'enum' && !one.typeName.startsWith('google.'))

    expect(ours.length).toBeGreaterThan(2)
    for (const one of ours) {
      if (one.kind !== 'enum') continue
      const theirs = loaded[one.typeName] as unknown as {
        readonly type: { readonly value: readonly { name: string; number: number }[] }
      }
      expect(theirs.type.value.map(({ name, number }) => `${name} ${number}`)).toEqual(
        one.values.map(({ name, number }) => `${name} ${number}`),
      )
    }
  })

  test('have the same methods, of which some stream', () => {
    const methods = Object.values(loaded).flatMap((one) =>
      'format' in one ? [] : Object.values(one as Record<string, MethodLike>),
    )

    expect(methods.map(({ path, requestStream, responseStream }) => `${path} ${requestStream} ${responseStream}`).sort()).toEqual(
      description.methods
        .map(({ kind, descMethod }) => {
          const isExchange = kind === 'exchange'
          return `/${descMethod.parent.typeName}/${descMethod.name} ${isExchange} ${isExchange || kind === 'watch'}`
        })
        .sort(),
    )
  })
})

interface MethodLike {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
}
