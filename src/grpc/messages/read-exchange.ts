/** The messages of an exchange in the words of the engine: which record it is about, what the caller says, and what is told. Compiled once. */
import type { Answer } from '../../engine/index.ts'
import { invalid, type Uuid } from '../../kernel/index.ts'
import type { ExchangeModel } from '../../model/index.ts'
import type { GrpcMethod } from '../describe/describe-grpc.ts'
import { decodeRequest } from './decode-request.ts'
import { memberOf } from './members.ts'
import { idReader } from './read-target.ts'
import { type Said, saidReader } from './read-values.ts'
import { answerResponse } from './write-responses.ts'

export interface ExchangeMessages {
  readonly kind: 'exchange'
  readonly exchange: ExchangeModel
  /** @throws `VALIDATION_BODY_MALFORMED`, `VALIDATION_FAILED` */
  readOpening(bytes: Uint8Array): { readonly id: Uuid; readonly input: Said | undefined }
  /** @throws the same, and where the message is about another record */
  readBehind(bytes: Uint8Array, id: Uuid): Said
  write(answer: Answer): Uint8Array
}

export function exchangeMessages(method: Extract<GrpcMethod, { readonly kind: 'exchange' }>): ExchangeMessages {
  const { resource, exchange, descMethod } = method
  const readId = idReader(resource, descMethod.input)
  const readSaid = saidReader(exchange.receives, descMethod.input)
  const idText = memberOf(descMethod.input, 'id')
  return {
    kind: 'exchange',
    exchange,
    readOpening(bytes) {
      const request = decodeRequest(descMethod.input, bytes)
      return { id: readId(request), input: readSaid(request) }
    },
    readBehind(bytes, id) {
      const request = decodeRequest(descMethod.input, bytes)
      if (idText(request) !== '' && readId(request) !== id) {
        const message = 'id must be the one of the first message, or left out'
        throw invalid([{ field: 'id', code: 'immutable', message }])
      }
      return readSaid(request) ?? expectInput()
    },
    write: answerResponse(exchange.sends, descMethod.output),
  }
}

function expectInput(): never {
  throw invalid([{ field: 'input', code: 'required', message: 'input is required in each message behind the first' }])
}
