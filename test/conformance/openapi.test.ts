// Proves API-10, INP-01, SEC-03.
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import blog from '../../examples/blog/domain.ts'
import { documentOptions, readSettings } from '../../src/app/index.ts'
import { describeIdentityRoutes } from '../../src/auth/index.ts'
import { CATALOGUE } from '../../src/kernel/index.ts'
import { describeClientRoutes } from '../../src/oauth/index.ts'
import { renderOpenApi, restRoutes } from '../../src/rest/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document is a tree of anything.
type Tree = any

const document = JSON.parse(JSON.stringify(renderOpenApi(blog, documentOptions(app, readSettings({}))))) as Tree
const METHODS = ['get', 'post', 'put', 'patch', 'delete']
const operations = Object.entries<Tree>(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method] !== undefined).map((method) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation: item[method] as Tree,
  })),
)
const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false })
addFormats.default(ajv)
ajv.addSchema({ ...document, $id: 'https://openapi.example/document' })

function resolve(node: Tree): Tree {
  if (typeof node?.$ref !== 'string') return node
  return resolve(
    node.$ref
      .slice(2)
      .split('/')
      .reduce((at: Tree, part: string) => at[part], document),
  )
}

const validators = new Map<string, ReturnType<typeof ajv.compile>>()

function misfits(schema: Tree, value: unknown): unknown {
  const text = JSON.stringify(schema).replaceAll('"#/', '"https://openapi.example/document#/')
  const validate = validators.get(text) ?? ajv.compile(JSON.parse(text))
  validators.set(text, validate)
  return validate(value) ? [] : validate.errors
}

/** Every schema in the document, with where it stands. */
function schemasIn(node: Tree, path: string): { path: string; schema: Tree }[] {
  if (typeof node !== 'object' || node === null) return []
  const isSchema =
    !Array.isArray(node) &&
    ('type' in node || 'enum' in node) &&
    !/\/(?:properties|securitySchemes|examples?)(?:\/\d+)?$/.test(path) &&
    !path.includes('/example')
  return [
    ...(isSchema ? [{ path, schema: node }] : []),
    ...Object.entries(node).flatMap(([key, inner]) => schemasIn(inner, `${path}/${key}`)),
  ]
}

describe('the OpenAPI document of the blog', () => {
  test('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document))

    expect(result).toMatchObject({ valid: true })
    expect(document.openapi).toMatch(/^3\.1\./)
  })

  test('has an operation for every route, and no other', () => {
    const identity = blog.accounts === undefined ? [] : [...describeIdentityRoutes(blog.accounts), ...describeClientRoutes()]
    const routes = [...restRoutes(blog), ...identity].map(
      (route) => `${route.method} ${route.path.replace(/:([a-z_]+)/g, '{$1}')}`,
    )

    expect(operations.map(({ name }) => name).sort()).toEqual([...routes].sort())
    expect(routes).toContain('GET /api/v1/users/{id}/posts/{post_id}')
    expect(routes).toContain('POST /api/v1/posts/{id}/publish')
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length)
  })

  test('bounds every string, list and number', () => {
    const types = (schema: Tree): readonly string[] => [schema.type].flat()
    const unbounded = schemasIn(document, '').filter(({ schema }) => {
      if (types(schema).includes('string') && schema.enum === undefined && schema.maxLength === undefined) return true
      if (types(schema).includes('array') && schema.maxItems === undefined) return true
      return (
        types(schema).includes('integer') &&
        (schema.minimum === undefined || schema.maximum === undefined || schema.format === undefined)
      )
    })

    expect(unbounded.map(({ path }) => path)).toEqual([])
  })

  test('closes every body to fields that are not named', () => {
    const open = operations.filter(({ operation }) => {
      const schema = operation.requestBody?.content['application/json'].schema
      return schema !== undefined && resolve(schema).additionalProperties !== false
    })

    expect(open.map(({ name }) => name)).toEqual([])
  })

  test('gives examples that fit their schemas', () => {
    const media = operations.flatMap(({ name, operation }) => [
      ...Object.entries<Tree>(operation.responses).map(([status, response]) => ({
        where: `${name} ${status}`,
        content: resolve(response).content?.['application/json'],
      })),
      { where: `${name} body`, content: operation.requestBody?.content['application/json'] },
    ])
    const described = media.filter(({ content }) => content !== undefined)

    const wrong = described.flatMap(({ where, content }) => {
      const examples =
        content.examples === undefined ? [content.example] : Object.values<Tree>(content.examples).map(({ value }) => value)
      return examples
        .map((example) => ({ where, misfits: misfits(content.schema, example) }))
        .filter((one) => JSON.stringify(one.misfits) !== '[]')
    })

    expect(wrong).toEqual([])
    expect(described.filter(({ content }) => content.example === undefined && content.examples === undefined)).toEqual([])
  })

  test.each(operations)('says what $name answers when things go wrong', ({ name, operation }) => {
    const statuses = Object.keys(operation.responses)

    expect(statuses).toEqual(expect.arrayContaining(['400', '401', '403', '429', '500', '503']))
    if (name.includes('{')) expect(statuses).toContain('404')
    const isRecord = name.includes(' /api/')
    if (isRecord && !name.startsWith('GET')) expect(statuses).toContain('409')
    if (isRecord && name.startsWith('POST')) expect(statuses).toContain('422')
    for (const status of statuses.filter((one) => Number(one) >= 400)) {
      const response = resolve(operation.responses[status])
      const { allOf } = response.content['application/json'].schema
      const codes = allOf[1].properties.error.properties.code.enum as string[]
      expect(Object.keys(response.content['application/json'].examples)).toEqual(codes)
      for (const code of codes) {
        const row = CATALOGUE[code as keyof typeof CATALOGUE] ?? blog.refusals.find((one) => one.code === code)
        expect(row?.status).toBe(Number(status))
      }
    }
  })

  test('has no content under 204 and 304', () => {
    const bare = operations.flatMap(({ operation }) =>
      ['204', '304'].map((status) => operation.responses[status]).filter((response) => response !== undefined),
    )

    expect(bare.length).toBeGreaterThan(0)
    expect(bare.filter((response) => response.content !== undefined)).toEqual([])
  })

  test('marks an operation that is deprecated, and no other', () => {
    const deprecated = renderOpenApi(blog, {
      deprecations: { operations: { getPost: { since: '2026-01-01', sunset: '2026-12-31', reason: 'Use the list.' } } },
    }) as Tree

    const { get, patch } = deprecated.paths['/api/v1/posts/{id}']
    expect(get).toMatchObject({
      deprecated: true,
      description: 'Deprecated since 2026-01-01; it may be gone from 2026-12-31. Use the list.',
    })
    expect(Object.keys(get.responses['200'].headers)).toEqual(expect.arrayContaining(['Deprecation', 'Sunset']))
    expect(patch.deprecated).toBeUndefined()
  })
})
