/** The messages of one method in the words of the engine: how its request is read, and how its response is written. Compiled once. */
import type { Message } from '@bufbuild/protobuf'
import type {
  ActInput,
  Change,
  ChangeInput,
  CreateInput,
  GetInput,
  ListInput,
  Page,
  StoredRecord,
  WatchInput,
} from '../../engine/index.ts'
import type { Actor } from '../../model/index.ts'
import type { GrpcMethod } from '../describe/describe-grpc.ts'
import { type ExchangeMessages, exchangeMessages } from './read-exchange.ts'
import { listReader } from './read-list.ts'
import { getReader, idReader, versionReader } from './read-target.ts'
import { actionReader, createReader, updateReader } from './read-values.ts'
import { watchReader } from './read-watch.ts'
import { changeResponse, EMPTY_RESPONSE, pageResponse, recordResponse } from './write-responses.ts'

/** `read` throws `VALIDATION_FAILED` or `AUTH_FIELD_FORBIDDEN`, as REST does; `write` gives the bytes of the response. */
interface OneRequest<Kind extends GrpcMethod['kind'], Input, Answer> {
  readonly kind: Kind
  read(request: Message, actor: Actor): Input
  write(answer: Answer): Uint8Array
}

export type MethodMessages =
  | OneRequest<'get', GetInput, StoredRecord>
  | OneRequest<'list', ListInput, Page>
  | OneRequest<'create', CreateInput, StoredRecord>
  /** `mode` names the operation of the engine. */
  | OneRequest<'update', ChangeInput & { readonly mode: 'update' | 'replace' }, StoredRecord>
  | OneRequest<'delete', Omit<ChangeInput, 'values'>, StoredRecord>
  | OneRequest<'restore', Omit<ChangeInput, 'values'>, StoredRecord>
  | OneRequest<'act', ActInput, StoredRecord>
  | OneRequest<'watch', WatchInput, Change>
  | ExchangeMessages

/**
 * Compiles the messages of a method.
 *
 * @example
 * const messages = methodMessages(method)
 * const bytes = messages.kind === 'get' ? messages.write(await operations.get(context, messages.read(request, actor))) : undefined
 */
export function methodMessages(method: GrpcMethod): MethodMessages {
  const { resource, kind } = method
  const { input, output } = method.descMethod
  switch (kind) {
    case 'get':
      return { kind, read: getReader(resource, input), write: recordResponse(resource, output) }
    case 'list':
      return { kind, read: listReader(resource, input), write: pageResponse(resource, output) }
    case 'create': {
      const readValues = createReader(resource, input)
      const read = (request: Message, actor: Actor): CreateInput => ({ values: readValues(request, actor) })
      return { kind, read, write: recordResponse(resource, output) }
    }
    case 'update': {
      const readTarget = targetReader(method)
      const readUpdate = updateReader(resource, input)
      const read = (request: Message, actor: Actor) => ({ ...readTarget(request), ...readUpdate(request, actor) })
      return { kind, read, write: recordResponse(resource, output) }
    }
    case 'delete':
      return { kind, read: targetReader(method), write: () => EMPTY_RESPONSE }
    case 'restore':
      return { kind, read: targetReader(method), write: recordResponse(resource, output) }
    case 'act': {
      const { action } = method
      const readTarget = targetReader(method)
      const readValues = actionReader(action.input, input)
      const read = (request: Message, actor: Actor) => ({ ...readTarget(request), action, values: readValues(request, actor) })
      return { kind, read, write: recordResponse(resource, output) }
    }
    case 'exchange':
      return exchangeMessages(method)
    case 'watch':
      return { kind, read: watchReader(resource, input), write: changeResponse(resource, output) }
  }
}

function targetReader({ resource, descMethod }: GrpcMethod): (request: Message) => Omit<ChangeInput, 'values'> {
  const readId = idReader(resource, descMethod.input)
  const readVersion = versionReader(descMethod.input)
  return (request) => ({ id: readId(request), expectedVersion: readVersion(request) })
}
