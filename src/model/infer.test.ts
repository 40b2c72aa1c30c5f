/**
 * What the compiler infers from a declaration and what it refuses. Checked by `tsc`; at run time only the declarations are made.
 */
import { describe, expectTypeOf, test } from 'vitest'
import type { Uuid } from '../kernel/index.ts'
import {
  type ActionScope,
  belongsTo,
  boolean,
  type ChangesOf,
  type CreationOf,
  choice,
  decimal,
  type InputOf,
  integer,
  json,
  list,
  permit,
  type RecordOf,
  resource,
  secret,
  text,
  timestamp,
} from './index.ts'

const User = resource('user', { fields: { name: text({ max: 100 }) }, policies: () => [permit('read')] })

const fields = {
  author: belongsTo(User),
  title: text({ max: 200 }),
  status: choice(['draft', 'published']).default('draft'),
  price: decimal({ digits: 12 }).optional(),
  views: integer().default(0).readOnly(),
  publishedAt: timestamp().optional().readOnly(),
  tags: list(text({ max: 20 }), { max: 10 }),
  extra: json<{ readonly colour: string }>({ type: 'object' }).optional(),
  password: secret({ max: 200 }),
}
type Fields = typeof fields

describe('the types of a declaration', () => {
  test('a record holds what comes out, null where nothing is', () => {
    expectTypeOf<RecordOf<Fields>['id']>().toEqualTypeOf<Uuid>()
    expectTypeOf<RecordOf<Fields>['version']>().toEqualTypeOf<number>()
    expectTypeOf<RecordOf<Fields>['author']>().toEqualTypeOf<Uuid>()
    expectTypeOf<RecordOf<Fields>['status']>().toEqualTypeOf<'draft' | 'published'>()
    expectTypeOf<RecordOf<Fields>['price']>().toEqualTypeOf<string | null>()
    expectTypeOf<RecordOf<Fields>['publishedAt']>().toEqualTypeOf<Date | null>()
    expectTypeOf<RecordOf<Fields>['tags']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<RecordOf<Fields>['extra']>().toEqualTypeOf<{ readonly colour: string } | null>()
    expectTypeOf<RecordOf<Fields>>().not.toHaveProperty('password')
    expectTypeOf<RecordOf<Fields>>().not.toBeAny()
  })

  test('creating takes what is required, and the rest if wanted', () => {
    expectTypeOf<{ author: Uuid; title: string; tags: string[]; password: string }>().toExtend<CreationOf<Fields>>()
    expectTypeOf<{ author: Uuid; title: string; tags: string[]; password: string; views: number; price: null }>().toExtend<
      CreationOf<Fields>
    >()
    expectTypeOf<{ title: string; tags: string[]; password: string }>().not.toExtend<CreationOf<Fields>>()
    expectTypeOf<{ author: string; title: string; tags: string[]; password: string }>().not.toExtend<CreationOf<Fields>>()
  })

  test('changing takes any of the fields, each of its type', () => {
    expectTypeOf<{ status: 'published'; publishedAt: Date }>().toExtend<ChangesOf<Fields>>()
    expectTypeOf<{ status: 'lost' }>().not.toExtend<ChangesOf<Fields>>()
    expectTypeOf<{ title: null }>().not.toExtend<ChangesOf<Fields>>()
  })

  test('the input of an action has its optional fields or not', () => {
    type Input = InputOf<{ at: ReturnType<typeof optionalTime>; note: typeof fields.title }>

    expectTypeOf<Input['at']>().toEqualTypeOf<Date | null | undefined>()
    expectTypeOf<Input['note']>().toEqualTypeOf<string>()
  })

  test('mistakes are found where they stand', () => {
    expectTypeOf(mistakes).toBeFunction()
  })

  test('an action sees its record, its input and its own refusals', () => {
    resource('post', {
      fields,
      policies: () => [permit('read', 'publish')],
      actions: (action) => ({
        publish: action({
          input: { at: timestamp().optional(), count: integer() },
          refusals: { CONFLICT_POST_NOT_DRAFT: { message: 'Only a draft can be published', cure: 'Publish drafts.' } },
          async run({ record, input, refuse, store }) {
            expectTypeOf(record.status).toEqualTypeOf<'draft' | 'published'>()
            expectTypeOf(input).toEqualTypeOf<{ readonly at: Date | null | undefined; readonly count: number }>()
            expectTypeOf(refuse).parameter(0).toEqualTypeOf<'CONFLICT_POST_NOT_DRAFT'>()
            const author = await store.find(User, record.author)
            expectTypeOf(author).toEqualTypeOf<RecordOf<typeof User.fields> | undefined>()
            return record
          },
        }),
        close: action({
          async run({ record, input, refuse }) {
            expectTypeOf(input).toEqualTypeOf<Record<never, never>>()
            expectTypeOf(refuse).parameter(0).toBeNever()
            return record
          },
        }),
      }),
    })
    expectTypeOf<ActionScope<Fields, Record<never, never>, never>['record']>().toEqualTypeOf<RecordOf<Fields>>()
  })
})

/** Each mistake stands on one line, so that the compiler must find it just there. Never called. */
// biome-ignore format: one line for each mistake
function mistakes(): void {
  // @ts-expect-error no field of this name can be sorted by
  resource('post', { fields, policies: () => [], list: { sort: ['-publishdAt'] } })
  // @ts-expect-error no field of this name can be filtered by
  resource('post', { fields, policies: () => [], list: { filter: ['autor'] } })
  // @ts-expect-error no field of this name can be searched
  resource('post', { fields, policies: () => [], list: { search: ['createdAt'] } })
  // @ts-expect-error a resource has policies
  resource('post', { fields })
  // @ts-expect-error every text has a bound
  text({})
  // @ts-expect-error a default is one of the choices
  choice(['draft', 'published']).default('lost')
  // @ts-expect-error a default has the type of its field
  integer().default('1')
  // @ts-expect-error a default is a value, not nothing
  boolean().default(null)
  // @ts-expect-error an example has the type of its field
  timestamp().example('2026-01-31T09:30:00Z')
  // @ts-expect-error a decimal is a string
  decimal({ digits: 5 }).default(1.5)
  // @ts-expect-error a list holds no optional items
  list(text({ max: 5 }).optional(), { max: 5 })
  // @ts-expect-error a list holds no secrets
  list(secret({ max: 5 }), { max: 5 })
  // @ts-expect-error a condition compares with one of the choices
  resource('post', { fields, policies: ({ record }) => [permit('read').when(record.status.is('lost'))] })
  // @ts-expect-error a condition compares a time with a Date
  resource('post', { fields, policies: ({ record }) => [permit('read').when(record.publishedAt.isLessThan('2026'))] })
  // @ts-expect-error a key is no text
  resource('post', { fields, policies: ({ record }) => [permit('read').when(record.author.is(record.title))] })
  // @ts-expect-error nothing is asked for with isNothing()
  resource('post', { fields, policies: ({ record }) => [permit('read').when(record.title.is(null))] })
  // @ts-expect-error no field of this name is in the record
  resource('post', { fields, policies: ({ record }) => [permit('read').when(record.stauts.is('draft'))] })
  // @ts-expect-error a reference is no condition
  resource('post', { fields, policies: ({ record }) => [permit('read').when(record.status)] })
  // @ts-expect-error a rule names at least one verb
  permit()
  // @ts-expect-error a rule for nobody would be one for everybody
  permit('read').to()
  // @ts-expect-error an action refuses only by what it declares
  resource('post', { fields, policies: () => [], actions: (action) => ({ publish: action({ run: async ({ refuse }) => Promise.reject(refuse('CONFLICT_NOPE')) }) }) })
  // @ts-expect-error an action reads only the input that it declares
  resource('post', { fields, policies: () => [], actions: (action) => ({ publish: action({ run: async ({ record, input }) => (input.at === null ? record : record) }) }) })
  // @ts-expect-error an action returns a record of its resource
  resource('post', { fields, policies: () => [], actions: (action) => ({ publish: action({ run: async () => ({ id: '1' }) }) }) })
  // @ts-expect-error an action changes fields to values of their type
  resource('post', { fields, policies: () => [], actions: (action) => ({ publish: action({ run: async ({ record, store }) => store.update(record, { status: 'lost' }) }) }) })
  // @ts-expect-error what never comes out is not in the record
  resource('post', { fields, policies: () => [], actions: (action) => ({ check: action({ run: async ({ record }) => (record.password === '' ? record : record) }) }) })
}

const optionalTime = () => timestamp().optional()
