/** Clients of Connect and gRPC-Web for the tests: the library's own transports, over the descriptors of the reference service. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DescService } from '@bufbuild/protobuf'
import { ConnectError, createClient, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import app from '../../examples/blog/app.ts'
import { describeGrpc, LOCK_FILE, readLock } from '../../src/grpc/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: messages are known at run time only.
export type Message = any

export const DESCRIPTION = describeGrpc(app.domain, readLock(readFileSync(join(app.folder, LOCK_FILE), 'utf8')))

/** How each client is made. */
export const TRANSPORTS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  'Connect, protobuf': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true }),
  'Connect, JSON': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  'gRPC-Web, protobuf': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true }),
  'gRPC-Web, JSON': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
}

export function serviceOf(resource: string): DescService {
  const method = DESCRIPTION.methods.find((one) => one.resource.name === resource)
  if (method === undefined) throw new Error(`Cannot find the service of ${resource}`)
  return method.descMethod.parent
}

/** @returns a client with a function for each method: `client.getPost({ id }, { headers })` */
export function connectClient(transport: Transport, resource: string): Message {
  return createClient(serviceOf(resource), transport)
}

export function bearer(token: string): { readonly headers: Readonly<Record<string, string>> } {
  return { headers: { authorization: `Bearer ${token}` } }
}

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call
  } catch (error) {
    return ConnectError.from(error)
  }
  throw new Error('Expected the call to fail, and it did not')
}
