/** Prints parameters: those of the path, those of the query from the tables that read them, and headers. */
import type { Json } from '../../model/index.ts'
import type { Parameter } from '../query-parameters.ts'
import { listParameters } from '../read-list-query.ts'
import { recordQueryParameters } from '../read-record-query.ts'
import { PARENT_PARAMETER, type RestRoute } from '../routes.ts'
import { exampleOf } from './example.ts'
import { REQUEST_ID } from './schemas.ts'

/** Without examples: the reference would fill them in, and a key or tag that everybody sends is a trap. */
export const PARAMETER_COMPONENTS: Readonly<Record<string, Json>> = {
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` of the record as it was read: the change happens only if nobody else has changed it since.',
    schema: { type: 'string', minLength: 1, maxLength: 1_024 },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of the answer that the caller has: 304 if it is still the same.',
    schema: { type: 'string', minLength: 1, maxLength: 1_024 },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Names the request, so that sending it again has no second effect and gets the first answer. A UUID will do. For callers who are signed in.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$', minLength: 1, maxLength: 255 },
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description: 'Names the request in the answer and in the log; one of another form is replaced.',
    schema: REQUEST_ID,
  },
}

export function renderParameters(route: RestRoute): readonly Json[] {
  return [
    ...pathParameters(route),
    ...queryParameters(route),
    ...headerParameters(route).map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ]
}

/** `/api/v1/posts/:id` as OpenAPI spells it. */
export function pathTemplate(path: string): string {
  return path.replace(/:([a-z_]+)/g, '{$1}')
}

function pathParameters({ resource, idParameter, nesting }: RestRoute): readonly Json[] {
  const named = [
    ...(nesting === undefined ? [] : [{ name: PARENT_PARAMETER, of: nesting.parent }]),
    ...(idParameter === undefined ? [] : [{ name: idParameter, of: resource }]),
  ]
  return named.map(({ name, of }) => {
    const [id] = of.fields
    return {
      name,
      in: 'path',
      required: true,
      description: `The id of the ${of.name}.`,
      schema: id?.kind.schema ?? {},
      ...(id !== undefined && { example: exampleOf(id) ?? null }),
    }
  })
}

function queryParameters({ kind, resource }: RestRoute): readonly Json[] {
  if (kind === 'list') return listParameters(resource).all.map(renderQueryParameter)
  if (kind === 'get') return recordQueryParameters(resource).all.map(renderQueryParameter)
  return []
}

function renderQueryParameter<Draft>({ name, description, schema, isList, isDeprecated, about }: Parameter<Draft>): Json {
  const roles = about.find((field) => field.rules.readableBy !== undefined)?.rules.readableBy
  return {
    name,
    in: 'query',
    description: roles === undefined ? description : `${description} For ${roles.join(', ')} only.`,
    required: false,
    ...(isDeprecated === true && { deprecated: true }),
    ...(isList === true && { style: 'form', explode: false }),
    schema,
  }
}

function headerParameters({ kind, method }: RestRoute): readonly string[] {
  const isChange = kind !== 'list' && kind !== 'get' && kind !== 'create'
  return [
    ...(isChange ? ['IfMatch'] : []),
    ...(kind === 'get' ? ['IfNoneMatch'] : []),
    ...(method === 'POST' ? ['IdempotencyKey'] : []),
    'RequestId',
  ]
}
