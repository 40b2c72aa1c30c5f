// Proves GQL-01.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'
import blog from '../../examples/blog/domain.ts'
import { deriveSchema, renderSdl } from '../../src/graphql/index.ts'

const FILE = join(import.meta.dirname, '../../examples/blog/schema.graphql')

test('the committed schema of the blog is the one that its declaration gives', () => {
  // When it is not: node bin/plinth.js sdl --app examples/blog/app.ts > examples/blog/schema.graphql
  expect(readFileSync(FILE, 'utf8')).toBe(renderSdl(deriveSchema(blog)))
})

test('the committed schema is read by any GraphQL tool', () => {
  const schema = buildSchema(readFileSync(FILE, 'utf8'))

  expect(String(schema.getType('User')?.toConfig().name)).toBe('User')
  expect(
    schema
      .getMutationType()
      ?.getFields()
      ['createUser']?.args.map((one) => String(one.type)),
  ).toEqual(['CreateUserInput!'])
})
