import { expect, test } from 'vitest'
import { type Actor, domain, integer, NOBODY, permit, resource, text } from '../model/index.ts'
import { FieldSets } from './field-set.ts'

const Person = resource('person', {
  plural: 'people',
  fields: { name: text({ max: 50 }), salary: integer().readableBy('admin'), pin: text({ max: 4 }).writeOnly(), age: integer() },
  policies: () => [permit('read')],
})
const model = domain({ name: 'people', roles: { admin: [] }, resources: [Person] }).resource('person')
const admin: Actor = { ...NOBODY, kind: 'user', roles: ['admin'] }
const namesOf = ({ fields }: { readonly fields: readonly { readonly name: string }[] }): readonly string[] =>
  fields.map(({ name }) => name)
const STANDARD = ['createdAt', 'updatedAt', 'version']

test('readable() holds what the actor may see, and never what does not leave the service', () => {
  const sets = new FieldSets(model)

  expect(namesOf(sets.readable(NOBODY))).toEqual(['id', 'name', 'age', ...STANDARD])
  expect(namesOf(sets.readable(admin))).toEqual(['id', 'name', 'salary', 'age', ...STANDARD])
})

test('held holds what rules may ask, the deletion time apart', () => {
  expect(namesOf(new FieldSets(model).held)).toEqual(['id', 'name', 'salary', 'pin', 'age', ...STANDARD])
})

test('select() gives the named fields and the id, in the order of the resource, once', () => {
  const sets = new FieldSets(model)

  expect(namesOf(sets.select(NOBODY, ['age', 'name', 'age'], model.fieldsByColumn))).toEqual(['id', 'name', 'age'])
  expect(sets.select(NOBODY, ['age', 'name'], model.fieldsByColumn)).toBe(
    sets.select(NOBODY, ['name', 'age'], model.fieldsByColumn),
  )
})

test('select() refuses what is not there, what may not be seen and what never leaves in the same words', () => {
  const sets = new FieldSets(model)
  const refusalOf = (name: string): unknown => {
    try {
      return sets.select(NOBODY, [name], model.fieldsByColumn)
    } catch (error) {
      const { code, details, message } = error as { code: string; details: unknown; message: string }
      return JSON.parse(JSON.stringify({ code, details, message }).replaceAll(name, '?'))
    }
  }

  expect(refusalOf('salary')).toEqual(refusalOf('nope'))
  expect(refusalOf('pin')).toEqual(refusalOf('nope'))
  expect(refusalOf('deleted_at')).toEqual(refusalOf('nope'))
  expect(refusalOf('__proto__')).toEqual(refusalOf('nope'))
  expect(refusalOf('nope')).toMatchObject({ code: 'VALIDATION_FAILED', details: [{ field: 'fields', code: 'unknown' }] })
  expect(JSON.stringify(refusalOf('nope'))).not.toMatch(/salary|pin|deleted_at/)
  expect(namesOf(sets.select(admin, ['salary'], model.fieldsByColumn))).toEqual(['id', 'salary'])
})

test('sets that callers choose do not pile up, and those of the resource stay the same objects', () => {
  const wide = resource('wide', {
    fields: Object.fromEntries(Array.from({ length: 14 }, (_, at) => [`f${String.fromCharCode(97 + at)}`, integer()])),
    policies: () => [permit('read')],
  })
  const wideModel = domain({ name: 'wide', resources: [wide] }).resource('wide')
  const sets = new FieldSets(wideModel)
  const columns = wideModel.fields.filter((field) => !field.isStandard).map(({ column }) => column)
  const seen = new Set<object>()
  const choose = (bits: number) =>
    sets.select(
      NOBODY,
      columns.filter((_, at) => (bits >> at) & 1),
      wideModel.fieldsByColumn,
    )
  const first = choose(1)

  for (let bits = 0; bits < 2_500; bits++) seen.add(choose(bits))

  expect(seen.size).toBe(2_500)
  expect(choose(1)).not.toBe(first)
  expect(choose(1)).toEqual(first)
  expect(
    sets.select(
      NOBODY,
      wideModel.fields.slice(1, -1).map(({ column }) => column),
      wideModel.fieldsByColumn,
    ),
  ).toBe(sets.all)
  expect(sets.readable(NOBODY)).toBe(sets.all)
})
