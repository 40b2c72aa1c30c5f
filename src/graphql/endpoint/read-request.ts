/** Reads a GraphQL request out of a body or a URL, as GraphQL over HTTP writes it. @see https://graphql.github.io/graphql-over-http/draft/#sec-Request */
import type { HttpRequest } from '../../http/index.ts'
import { readJson } from '../../http/index.ts'
import { type ErrorDetail, invalid } from '../../kernel/index.ts'
import type { OperationRequest } from '../document/ready-operation.ts'
import { isMap } from '../is-map.ts'

/** The parameters, before their types are known. Others are left alone: clients send their own. */
type Parameters = Readonly<Partial<Record<'query' | 'operationName' | 'variables' | 'extensions' | 'documentId', unknown>>>

/** @throws `VALIDATION_FAILED`, naming each parameter of a wrong type */
export function readBodyRequest({ body }: Pick<HttpRequest, 'body'>): OperationRequest {
  return readParameters(body)
}

/** @throws the same, and `VALIDATION_BODY_MALFORMED` where `variables` or `extensions` are no JSON */
export function readUrlRequest({ query }: Pick<HttpRequest, 'query'>): OperationRequest {
  const { variables, extensions, ...texts } = query
  return readParameters({
    ...texts,
    ...(variables !== undefined && variables !== '' && { variables: readJson(variables) }),
    ...(extensions !== undefined && extensions !== '' && { extensions: readJson(extensions) }),
  })
}

function readParameters(parameters: Parameters): OperationRequest {
  const problems: ErrorDetail[] = []
  const readText = (name: 'query' | 'operationName' | 'documentId'): string | undefined => {
    const value = parameters[name]
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value === 'string') return value
    problems.push({ field: name, code: 'type', message: `${name} must be text` })
    return undefined
  }
  const readMap = (name: 'variables' | 'extensions'): Readonly<Record<string, unknown>> => {
    const value = parameters[name]
    if (value === undefined || value === null) return {}
    if (isMap(value)) return value
    problems.push({ field: name, code: 'type', message: `${name} must be an object` })
    return {}
  }
  const text = readText('query')
  const operationName = readText('operationName')
  const documentId = readText('documentId')
  const variables = readMap('variables')
  const extensions = readMap('extensions')
  const persisted = extensions['persistedQuery']
  const digest = isMap(persisted) ? persisted['sha256Hash'] : undefined
  const id = documentId ?? (typeof digest === 'string' ? digest : undefined)
  if (text === undefined && id === undefined && problems.length === 0)
    problems.push({ field: 'query', code: 'required', message: 'query is required: the text of a document, or documentId' })
  if (problems.length > 0) throw invalid(problems)
  return { text, documentId: id, operationName, variables }
}
