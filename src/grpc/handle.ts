/** What each method does, as ordered steps: decode, read, run, write. All that its calls share is made once, at start. */
import type { Message } from '@bufbuild/protobuf'
import type { Change, Engine, RequestContext, ResourceOperations, Watch } from '../engine/index.ts'
import { readOnceKey } from '../http/index.ts'
import type { GrpcCall, MethodHandler, RunUnary, UnaryAnswer } from './call.ts'
import type { GrpcMethod } from './describe/describe-grpc.ts'
import { exchangeRunner } from './exchange.ts'
import { decodeRequest } from './messages/decode-request.ts'
import { methodMessages } from './messages/method-messages.ts'

type Run = (operations: ResourceOperations, context: RequestContext, request: Message) => Promise<Uint8Array>

/**
 * Makes the handler of a method; `describeGrpc` gives the methods.
 *
 * @example
 * const handler = handlerOf(method, engine)
 * const answer = handler.kind === 'unary' ? await handler.run(call, bytes) : undefined
 */
export function handlerOf(method: GrpcMethod, engine: Engine): MethodHandler {
  const messages = methodMessages(method)
  switch (messages.kind) {
    case 'get':
      return unary(method, engine, async (operations, context, request) =>
        messages.write(await operations.get(context, messages.read(request, context.actor))),
      )
    case 'list':
      return unary(method, engine, async (operations, context, request) =>
        messages.write(await operations.list(context, messages.read(request, context.actor))),
      )
    case 'create':
      return once(method, engine, async (operations, context, request) =>
        messages.write(await operations.create(context, messages.read(request, context.actor))),
      )
    case 'update':
      return unary(method, engine, async (operations, context, request) => {
        const { mode, ...input } = messages.read(request, context.actor)
        return messages.write(await operations[mode](context, input))
      })
    case 'delete':
      return unary(method, engine, async (operations, context, request) =>
        messages.write(await operations.delete(context, messages.read(request, context.actor))),
      )
    case 'restore':
      return once(method, engine, async (operations, context, request) =>
        messages.write(await operations.restore(context, messages.read(request, context.actor))),
      )
    case 'act':
      return once(method, engine, async (operations, context, request) =>
        messages.write(await operations.act(context, messages.read(request, context.actor))),
      )
    case 'exchange':
      return { kind: 'exchange', run: exchangeRunner(messages, engine.resource(method.resource.name)) }
    case 'watch': {
      const operations = engine.resource(method.resource.name)
      return {
        kind: 'stream',
        run({ context, signal }, bytes) {
          const input = messages.read(decodeRequest(method.descMethod.input, bytes), context.actor)
          const watch = operations.watch(context, input, signal)
          return { ready: watch.ready, [Symbol.asyncIterator]: () => writeAll(watch, messages.write) }
        },
      }
    }
  }
}

async function* writeAll(watch: Watch, write: (change: Change) => Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const change of watch) yield write(change)
}

const NO_METADATA: UnaryAnswer['metadata'] = Object.freeze([])

function unary(method: GrpcMethod, engine: Engine, run: Run): MethodHandler {
  const operations = engine.resource(method.resource.name)
  const { input } = method.descMethod
  return {
    kind: 'unary',
    run: async ({ context }, bytes) => ({
      message: await run(operations, context, decodeRequest(input, bytes)),
      metadata: NO_METADATA,
    }),
  }
}

const REPLAYED: UnaryAnswer['metadata'] = Object.freeze([['idempotency-replayed', 'true'] as const])

/** With the metadata `idempotency-key`, what came first answers for all that repeat it, byte for byte. */
function once(method: GrpcMethod, engine: Engine, run: Run): MethodHandler {
  const { name } = method.resource
  const { input } = method.descMethod
  const plain: RunUnary = async ({ context }, bytes) => ({
    message: await run(engine.resource(name), context, decodeRequest(input, bytes)),
    metadata: NO_METADATA,
  })
  return {
    kind: 'unary',
    async run(call, bytes) {
      const key = readKey(method, call, bytes)
      if (key === undefined) return plain(call, bytes)
      const request = decodeRequest(input, bytes)
      const { answer, isReplay } = await engine.once(key, async (resource) => {
        const message = await run(resource(name), call.context, request)
        return { status: 200, headers: {}, body: Buffer.from(message).toString('base64') }
      })
      return { message: Buffer.from(answer.body, 'base64'), metadata: isReplay ? REPLAYED : NO_METADATA }
    },
  }
}

function readKey(method: GrpcMethod, { context, metadata }: GrpcCall, bytes: Uint8Array) {
  // Two keys are joined, as HTTP joins them, and then have a form that no key has.
  const all = metadata.all('idempotency-key')
  const header = (): string | undefined => (all.length === 0 ? undefined : all.join(', '))
  return readOnceKey({ header, actor: context.actor }, `grpc ${method.operation}`, [Buffer.from(bytes).toString('base64')])
}
