/** One wrong declaration for each rule, and the very sentence that its author reads. */
// Proves ACC-01.
import { describe, expect, test } from 'vitest'
import type { RefusalDeclaration } from '../action.ts'
import { ALWAYS, all, type Condition, either } from '../condition.ts'
import { DeclarationError, domain } from '../domain.ts'
import { Field, type FieldMap } from '../field.ts'
import { belongsTo, choice, decimal, integer, json, list, secret, text, timestamp } from '../fields.ts'
import { type PolicyScope, permit, type Rule } from '../permit.ts'
import { hasMany, type Resource, type ResourceDeclaration, resource } from '../resource.ts'

type Loose = Partial<Omit<ResourceDeclaration<FieldMap>, 'list' | 'policies'>> & {
  readonly list?: object
  readonly policies?: (scope: PolicyScope<FieldMap>) => readonly Rule[]
}

/** A post that is right but for what the test changes. */
function post(changes: Loose, name = 'post'): Resource {
  const fields = {
    title: text({ max: 200 }),
    status: choice(['draft', 'published']),
    tags: list(text({ max: 10 }), { max: 5 }),
    length: integer(),
  }
  return resource(name, {
    fields,
    policies: () => [permit('read')],
    ...(changes as object),
  } as ResourceDeclaration<FieldMap>) as Resource
}

/** What start-up says of these resources, one line a problem: where, what, mend. */
function problemsOf(...resources: readonly Resource[]): readonly string[] {
  try {
    domain({ name: 'blog', roles: { admin: ['posts:write'] }, resources })
    return []
  } catch (thrown) {
    if (!(thrown instanceof DeclarationError)) throw thrown
    return thrown.problems.map(({ where, what, mend }) => `${where}: ${what} | ${mend}`)
  }
}

function field(name: string, one: FieldMap[string]): Resource {
  return post({ fields: { [name]: one } })
}

function when(condition: (scope: PolicyScope<FieldMap>) => Condition): Resource {
  const fields: FieldMap = {
    title: text({ max: 200 }),
    status: choice(['draft', 'published']),
    tags: list(text({ max: 10 }), { max: 5 }),
    amount: integer({ min: 0, max: 10 }),
    dueAt: timestamp(),
    author: belongsTo({ name: 'user', idPrefix: 'usr' }),
    reviewer: belongsTo({ name: 'post', idPrefix: 'post' }),
  }
  return post({ fields, policies: (scope) => [permit('read').when(condition(scope))] })
}

function action(name: string, changes: object = {}): Resource {
  return post({
    policies: () => [permit('read', name)],
    actions: (define) => ({ [name]: define({ run: async ({ record }) => record, ...changes }) }),
  })
}

const User = resource('user', {
  idPrefix: 'usr',
  fields: { name: text({ max: 100 }) },
  policies: () => [permit('read')],
}) as Resource
const refusals = (code: string, refusal: RefusalDeclaration = { message: 'No', cure: 'Wait.' }) => ({
  refusals: { [code]: refusal },
})

describe('a declaration that is right', () => {
  test('has no problems', () => {
    expect(problemsOf(post({}), User)).toEqual([])
    expect(problemsOf(action('markPaid', refusals('CONFLICT_POST_PAID')))).toEqual([])
  })

  test('may compare all that the verifiers know to be comparable', () => {
    const conditions: readonly ((scope: PolicyScope<FieldMap>) => Condition)[] = [
      ({ record, actor }) => either(record.id.is(actor.id), record.author?.is(actor.id) ?? ALWAYS),
      ({ record }) => record.tags?.isNothing() ?? ALWAYS,
      ({ record }) => all(record.createdAt.isLessThan(record.updatedAt), record.dueAt?.isAtLeast(new Date(0)) ?? ALWAYS),
      ({ record }) => record.amount?.isMoreThan(3) ?? ALWAYS,
      ({ context }) =>
        all(context.timeOfDay('Europe/Berlin').isBetween('22:00', '06:00'), context.weekday('UTC').isOneOf([1, 7])),
      ({ context }) =>
        context.address.isIn('10.0.0.0/8', '192.168.1.1/32', '::1/128', '2001:db8::/32', '0.0.0.0/0', 'fe80::1:2/64'),
      ({ context }) => all(context.device.isOneOf('browser', 'native', 'service'), context.secondFactor.isWithin('30 s')),
      ({ context }) => context.signIn.isWithin('720 h'),
      ({ actor }) => all(actor.isUser, actor.hasRole('admin'), actor.hasPermission('posts:write')),
    ]
    for (const condition of conditions) expect(problemsOf(when(condition), User)).toEqual([])
  })

  test('may hold keys in a circle, also to the resource itself', () => {
    const manager = { manager: belongsTo({ name: 'user', idPrefix: 'usr' }), team: belongsTo({ name: 'post', idPrefix: 'post' }) }
    const circle = resource('user', { idPrefix: 'usr', fields: manager, policies: () => [permit('read')] }) as Resource

    expect(problemsOf(circle, field('lead', belongsTo(User)))).toEqual([])
  })
})

const WRONG: Readonly<Record<string, () => readonly Resource[]>> = {
  'a resource name': () => [post({}, 'Order_line')],
  'a plural': () => [post({ plural: 'blog posts' })],
  'an id prefix': () => [post({}, 'address2')],
  'a reserved table': () => [post({}, 'plinthThing')],
  'two resources of one name': () => [post({}), post({ plural: 'articles', idPrefix: 'art' })],
  'two resources of one prefix': () => [post({}), post({ idPrefix: 'post' }, 'page')],
  'a table name that is too long': () => [post({ plural: `a${'b'.repeat(63)}` })],
  'a field name': () => [field('due_at', timestamp())],
  'a standard field': () => [field('createdAt', timestamp())],
  'a key that would be a standard field': () => [field('created', new Field({ ...timestamp().kind, nameSuffix: 'At' }))],
  'a query parameter': () => [field('perPage', integer())],
  'a system column': () => [field('ctid', integer())],
  'a field name that is too long': () => [field('a'.repeat(64), integer())],
  'two fields of one column': () => [post({ fields: { author: belongsTo(User), authorId: text({ max: 5 }) } }), User],
  'an action name': () => [action('mark_paid')],
  'an action that every resource has': () => [action('delete')],
  'an input name': () => [action('pay', { input: { 'paid at': timestamp() } })],
  'a relation name': () => [
    post({
      relations: { 'my-posts': hasMany('post', { by: 'parent' }) },
      fields: { parent: belongsTo({ name: 'post', idPrefix: 'post' }) },
    }),
  ],
  'a relation named like a field': () => [
    post({
      relations: { parent: hasMany('post', { by: 'parent' }) },
      fields: { parent: belongsTo({ name: 'post', idPrefix: 'post' }) },
    }),
  ],
  'a relation named like an action': () => [
    post({
      fields: { parent: belongsTo({ name: 'post', idPrefix: 'post' }) },
      relations: { publish: hasMany('post', { by: 'parent' }) },
      policies: () => [permit('read', 'publish')],
      actions: (define) => ({ publish: define({ run: async ({ record }) => record }) }),
    }),
  ],
  'options of a kind': () => [field('title', text({ max: 0 }))],
  'a read-only field without a value': () => [field('doneAt', timestamp().readOnly())],
  'a default that does not fit': () => [field('length', integer({ max: 5 }).default(6))],
  'a default of another type': () => [field('dueAt', timestamp().default(new Date(Number.NaN)))],
  'an example that does not fit': () => [field('price', decimal({ digits: 5 }).example('1,50'))],
  'a secret with a default': () => [field('password', secret({ max: 200 }).default('changeme'))],
  'a unique list': () => [field('tags', list(text({ max: 5 }), { max: 5 }).unique())],
  'a role that is not declared': () => [field('title', text({ max: 5 }).readableBy('admin', 'edtior'))],
  'a field that nobody reads': () => [field('title', text({ max: 5 }).readableBy())],
  'a field that nobody writes': () => [field('title', text({ max: 5 }).writableBy())],
  'a deprecation that is no day': () => [field('title', text({ max: 5 }).deprecated({ since: '2026-02-30' }))],
  'a sunset before the deprecation': () => [
    field('title', text({ max: 5 }).deprecated({ since: '2026-02-01', sunset: '2026-01-01' })),
  ],
  'a json schema that is none': () => [field('extra', json({ type: 'strng' }))],
  'an input that is read-only': () => [action('pay', { input: { at: timestamp().optional().readOnly() } })],
  'an input that is unique': () => [action('pay', { input: { code: text({ max: 5 }).unique() } })],
  'an input with a wrong option': () => [action('pay', { input: { by: choice([]) } })],
  'a key to nowhere': () => [field('author', belongsTo(User))],
  'a key with another prefix': () => [field('author', belongsTo({ name: 'user', idPrefix: 'user' })), User],
  'an input that is a key to nowhere': () => [action('assign', { input: { to: belongsTo(User) } })],
  'a relation to nowhere': () => [post({ relations: { comments: hasMany('comment', { by: 'post' }) } })],
  'a relation without its key': () => [post({ relations: { users: hasMany('user', { by: 'constructor' }) } }), User],
  'a sort key': () => [post({ list: { sort: ['-publishedAt'] } })],
  'a sort key that is inherited': () => [post({ list: { sort: ['constructor'] } })],
  'a sort key that cannot be sorted by': () => [post({ list: { sort: ['status'] } })],
  'a filter that cannot be filtered by': () => [post({ list: { filter: ['tags'] } })],
  'a search that cannot be searched': () => [post({ list: { search: ['length'] } })],
  'a filter that never leaves': () => [post({ fields: { title: text({ max: 5 }).writeOnly() }, list: { filter: ['title'] } })],
  'a sort key named twice': () => [post({ list: { sort: ['title', '-title'] } })],
  'limits that contradict': () => [post({ list: { limitDefault: 50, limitMax: 10 } })],
  'a limit that is not whole': () => [post({ list: { limitDefault: 1.5 } })],
  'a limit without a bound': () => [post({ list: { limitMax: 5_000 } })],
  'no rule at all': () => [post({ policies: () => [] })],
  'an action that nobody may call': () => [
    post({ actions: (define) => ({ publish: define({ run: async ({ record }) => record }) }) }),
  ],
  'a verb that is none': () => [post({ policies: () => [permit('read', 'raed')] })],
  'a role in a rule': () => [post({ policies: () => [permit('read').to('edtior')] })],
  'a permission in a rule': () => [post({ policies: () => [permit('read').needs('posts:wriet')] })],
  'too many rules': () => [post({ policies: () => Array.from({ length: 31 }, () => permit('read')) })],
  'a role in a condition': () => [when(({ actor }) => actor.hasRole('edtior')), User],
  'a permission in a condition': () => [when(({ actor }) => actor.hasPermission('posts:wriet')), User],
  'a field in a condition': () => [when(() => ({ node: 'nothing', operand: { from: 'record', field: 'nope' } })), User],
  'a constant that does not fit': () => [when(({ record }) => record.status?.is('nope') ?? ALWAYS), User],
  'a constant of another type': () => [when(({ record }) => record.dueAt?.isLessThan('2026-01-01') ?? ALWAYS), User],
  'a comparison with null': () => [when(({ record }) => record.title?.is(null) ?? ALWAYS), User],
  'a list that is compared': () => [when(({ record }) => record.tags?.is(['a']) ?? ALWAYS), User],
  'a text that is ordered': () => [when(({ record }) => record.title?.isMoreThan('m') ?? ALWAYS), User],
  'a key that is ordered': () => [when(({ record, actor }) => actor.id.isMoreThan(record.id)), User],
  'a text compared with a key': () => [when(({ record, actor }) => record.title?.is(actor.id) ?? ALWAYS), User],
  'keys of two resources': () => [when(({ record }) => record.author?.is(record.reviewer) ?? ALWAYS), User],
  'a choice from nothing': () => [when(({ record }) => record.status?.isOneOf([]) ?? ALWAYS), User],
  'all of nothing': () => [when(() => all()), User],
  'a time zone': () => [when(({ context }) => context.timeOfDay('Europe/Atlantis').isBetween('09:00', '18:00')), User],
  'a time of day that lasts no time': () => [when(({ context }) => context.timeOfDay('UTC').isBetween('09:00', '09:00')), User],
  'a weekday': () => [when(({ context }) => context.weekday('UTC').isOneOf([0, 6])), User],
  'a network': () => [
    when(({ context }) =>
      context.address.isIn(
        '10.0.0.0/8',
        '10.0.0.0',
        '10.0.0/8',
        '10.0.0.256/8',
        '::1',
        '::1/129',
        '::ffff:10.0.0.0/104',
        'localhost/8',
      ),
    ),
    User,
  ],
  'a device': () => [when(({ context }) => context.device.isOneOf('browser', 'telephone' as 'native')), User],
  'no device': () => [when(({ context }) => context.device.isOneOf(...([] as unknown as ['browser']))), User],
  'a proof that may be of any age': () => [when(({ context }) => context.secondFactor.isWithin('721 h')), User],
  'a reference that was not compared': () => [when(({ record }) => record.status as never), User],
  'a refusal of no family': () => [action('pay', refusals('notADraft'))],
  'a refusal that Plinth has': () => [action('pay', refusals('CONFLICT_VERSION'))],
  'a refusal that says nothing': () => [action('pay', refusals('CONFLICT_PAID', { message: '', cure: ' ' }))],
  'a refusal that says two things': () => [
    post({
      policies: () => [permit('read', 'pay', 'repay')],
      actions: (define) => ({
        pay: define({ ...refusals('CONFLICT_PAID'), run: async ({ record }) => record }),
        repay: define({
          ...refusals('CONFLICT_PAID', { message: 'Never', cure: 'Give up.' }),
          run: async ({ record }) => record,
        }),
      }),
    }),
  ],
}

/** Where, what | the mend. */
const SENTENCES: Readonly<Record<string, readonly string[]>> = {
  'a resource name': [
    `resource "Order_line": its name is not camelCase | resource('orderLine', …)`,
    `resource "Order_line": its plural "Order_lines" is not camelCase | plural: 'orderLines'`,
    `resource "Order_line": its id prefix "order_line" is not 1 to 20 lower-case letters | idPrefix: 'line'`,
  ],
  'a plural': [`resource "post": its plural "blog posts" is not camelCase | plural: 'orderLines'`],
  'an id prefix': [`resource "address2": its id prefix "address2" is not 1 to 20 lower-case letters | idPrefix: 'line'`],
  'a reserved table': ['resource "plinthThing": tables that begin with "plinth" are for Plinth | Choose another name.'],
  'two resources of one name': [
    'resource "post": the name "post" is taken by resource "post" | Give one of the two another name.',
  ],
  'two resources of one prefix': [
    'resource "page": the id prefix "post" is taken by resource "post" | Give one of the two another name.',
  ],
  'a table name that is too long': ['resource "post": its table name is longer than 63 bytes | Shorten its plural.'],
  'a field name': ['resource "post", field "due_at": its name is not camelCase | Write it like publishedAt.'],
  'a standard field': [
    'resource "post", field "createdAt": every resource has this field already | Leave it out, or choose another name.',
  ],
  'a key that would be a standard field': [
    'resource "post", field "created": every resource has this field already | Leave it out, or choose another name.',
  ],
  'a query parameter': ['resource "post", field "perPage": "per_page" is a query parameter of every list | Choose another name.'],
  'a system column': ['resource "post", field "ctid": "ctid" is a column of every table in PostgreSQL | Choose another name.'],
  'a field name that is too long': [
    'resource "post", field "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": its column name is longer than 63 bytes | Shorten it.',
  ],
  'two fields of one column': [
    'resource "post", field "authorId": another field is "author_id" in REST too | Rename one of the two.',
  ],
  'an action name': ['resource "post", action "mark_paid": its name is not camelCase | Write it like markPaid.'],
  'an action that every resource has': [
    'resource "post", action "delete": every resource has the operation "delete" | Name the action by what it does beyond that.',
  ],
  'an input name': ['resource "post", action "pay", input "paid at": its name is not camelCase | Write it like publishedAt.'],
  'a relation name': ['resource "post", relation "my-posts": its name is not camelCase | Write it like markPaid.'],
  'a relation named like a field': ['resource "post", relation "parent": a field has this name already | Rename one of the two.'],
  'a relation named like an action': [
    'resource "post", relation "publish": the path "publish" is taken by resource "post", action "publish" | Give one of the two another name.',
  ],
  'options of a kind': ['resource "post", field "title": its max is 0 | max: a whole number from 1'],
  'a read-only field without a value': [
    'resource "post", field "doneAt": it is read-only and has no value to begin with | doneAt: ….optional().readOnly()  or  doneAt: ….default(…).readOnly()',
  ],
  'a default that does not fit': ['resource "post", field "length": its default must be at most 5 | length: ….default(…)'],
  'a default of another type': [
    'resource "post", field "dueAt": its default is not a value of the kind timestamp | dueAt: ….default(…)',
  ],
  'an example that does not fit': [
    'resource "post", field "price": its example must be a decimal number in quotes, such as "12.50" | price: ….example(…)',
  ],
  'a secret with a default': [
    'resource "post", field "password": a secret cannot have a default: everybody would know it | Leave out .default(…).',
  ],
  'a unique list': ['resource "post", field "tags": a list cannot be unique | Leave out .unique().'],
  'a role that is not declared': [
    'resource "post", field "title": it names the role "edtior", which is not declared | roles: { edtior: [] }',
  ],
  'a field that nobody reads': ['resource "post", field "title": it is readable by no role | .writeOnly()'],
  'a field that nobody writes': ['resource "post", field "title": it is writable by no role | .readOnly()'],
  'a deprecation that is no day': [
    `resource "post", field "title": "2026-02-30" of its deprecation is not a day | .deprecated({ since: '2026-01-31' })`,
  ],
  'a sunset before the deprecation': [
    'resource "post", field "title": its sunset 2026-01-01 comes before 2026-02-01, since when it is deprecated | Swap the two.',
  ],
  'a json schema that is none': [
    `resource "post", field "extra": its schema is no JSON Schema (2020-12): schema is invalid: data/type must be equal to one of the allowed values, data/type must be array, data/type must match a schema in anyOf | json({ type: 'object', maxProperties: 20 })`,
  ],
  'an input that is read-only': [
    'resource "post", action "pay", input "at": it is read-only: no caller could give it | Leave out .readOnly().',
  ],
  'an input that is unique': ['resource "post", action "pay", input "code": an input cannot be unique | Leave out .unique().'],
  'an input with a wrong option': [
    `resource "post", action "pay", input "by": it has nothing to choose from | choice(['draft', 'published'])`,
  ],
  'a key to nowhere': [
    'resource "post", field "author": it belongs to "user", which is not in the domain | domain({ resources: [user, …] })',
  ],
  'a key with another prefix': [
    `resource "post", field "author": it expects ids that begin with "user", and those of user begin with "usr" | belongsTo({ name: 'user', idPrefix: 'usr' })`,
  ],
  'an input that is a key to nowhere': [
    'resource "post", action "assign", input "to": it belongs to "user", which is not in the domain | domain({ resources: [user, …] })',
  ],
  'a relation to nowhere': [
    'resource "post", relation "comments": it names the resource "comment", which is not in the domain | Resources are post.',
  ],
  'a relation without its key': [
    'resource "post", relation "users": "user" has no field "constructor" that belongs to post | constructor: belongsTo(…) in resource "user"',
  ],
  'a sort key': [
    'resource "post", list: it names "publishedAt" under sort, and there is no such field | Fields are title, status, tags, length.',
  ],
  'a sort key that is inherited': [
    'resource "post", list: it names "constructor" under sort, and there is no such field | Fields are title, status, tags, length.',
  ],
  'a sort key that cannot be sorted by': [
    'resource "post", list: "status" (choice) cannot be used to sort | Take "status" out of sort.',
  ],
  'a filter that cannot be filtered by': [
    'resource "post", list: "tags" (list) cannot be used to filter | Take "tags" out of filter.',
  ],
  'a search that cannot be searched': [
    'resource "post", list: "length" (integer) cannot be used to search | Take "length" out of search.',
  ],
  'a filter that never leaves': ['resource "post", list: "title" (text) cannot be used to filter | Take "title" out of filter.'],
  'a sort key named twice': ['resource "post", list: it names "title" twice under sort | Take one "title" out of sort.'],
  'limits that contradict': [
    'resource "post", list: limitDefault is 50 and limitMax is 10 | Whole numbers, 1 ≤ limitDefault ≤ limitMax ≤ 1000.',
  ],
  'a limit that is not whole': [
    'resource "post", list: limitDefault is 1.5 and limitMax is 100 | Whole numbers, 1 ≤ limitDefault ≤ limitMax ≤ 1000.',
  ],
  'a limit without a bound': [
    'resource "post", list: limitDefault is 20 and limitMax is 5000 | Whole numbers, 1 ≤ limitDefault ≤ limitMax ≤ 1000.',
  ],
  'no rule at all': [`resource "post", policies: no rule permits anybody to read | permit('read').to('admin')`],
  'an action that nobody may call': [
    `resource "post", policies: no rule permits the action "publish": nobody could call it | permit('publish').to('admin')`,
  ],
  'a verb that is none': [
    'resource "post", policies: a rule permits "raed", and there is no such operation | Verbs are read, create, update, delete, restore, read-deleted.',
  ],
  'a role in a rule': [
    'resource "post", policies: a rule names the role "edtior", which is not declared | roles: { edtior: [] }',
  ],
  'a permission in a rule': [
    `resource "post", policies: a rule needs the permission "posts:wriet", which no role has | roles: { admin: ['posts:wriet'] }`,
  ],
  'too many rules': ['resource "post", policies: there are 31 rules | Join rules with either(…): at most 30.'],
  'a role in a condition': [
    'resource "post", policies: a condition names the role "edtior", which is not declared | roles: { edtior: [] }',
  ],
  'a permission in a condition': [
    `resource "post", policies: a condition names the permission "posts:wriet", which no role has | roles: { admin: ['posts:wriet'] }`,
  ],
  'a field in a condition': [
    'resource "post", policies: a condition reads record.nope, and there is no such field | Fields are id, title, status, tags, amount, dueAt, author, reviewer, createdAt, updatedAt.',
  ],
  'a constant that does not fit': [
    'resource "post", policies: a condition compares record.status with "nope", which must be one of draft, published | Compare it with a value that the field can have.',
  ],
  'a constant of another type': [
    'resource "post", policies: a condition compares record.dueAt with "2026-01-01", which is not a value of the kind timestamp | Compare it with a value that the field can have.',
  ],
  'a comparison with null': [
    'resource "post", policies: a condition compares record.title with nothing: it would never hold | record.title.isNothing()',
  ],
  'a list that is compared': [
    'resource "post", policies: a condition compares "tags", and a list cannot be compared | Compare another field.',
  ],
  'a text that is ordered': [
    'resource "post", policies: a condition orders the text "title" | Compare texts with is(…) or isOneOf(…).',
  ],
  'a key that is ordered': [
    'resource "post", policies: a condition orders "id" (id), which has no order | Compare it with is(…) or isOneOf(…).',
  ],
  'a text compared with a key': [
    'resource "post", policies: a condition compares record.title (text) with actor.id | Compare values of one kind.',
  ],
  'keys of two resources': [
    'resource "post", policies: a condition compares record.author (belongs-to) with record.reviewer (belongs-to) | They are keys of different resources: they are never equal.',
  ],
  'a choice from nothing': [
    'resource "post", policies: a condition has nothing to choose from, in either() or isOneOf([]): it would never hold | Give it parts, or leave out the rule.',
  ],
  'all of nothing': [
    'resource "post", policies: a condition joins nothing with all(): it would hold always | Leave it out, or give it parts.',
  ],
  'a time zone': [
    `resource "post", policies: a condition names the time zone "Europe/Atlantis", which does not exist | context.timeOfDay('Europe/Berlin')`,
  ],
  'a time of day that lasts no time': [
    `resource "post", policies: a condition names a time of day that lasts no time | isBetween('09:00', '18:00')`,
  ],
  'a weekday': [
    'resource "post", policies: a condition names the days [0, 6] | isOneOf([1, 2, 3, 4, 5]): Monday is 1, Sunday 7.',
  ],
  'a network': [
    `resource "post", policies: a condition names the network "10.0.0.0", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
    `resource "post", policies: a condition names the network "10.0.0/8", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
    `resource "post", policies: a condition names the network "10.0.0.256/8", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
    `resource "post", policies: a condition names the network "::1", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
    `resource "post", policies: a condition names the network "::1/129", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
    `resource "post", policies: a condition names the network "::ffff:10.0.0.0/104", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
    `resource "post", policies: a condition names the network "localhost/8", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
  ],
  'a device': [
    `resource "post", policies: a condition names the device "telephone", which there is not | context.device.isOneOf('browser', 'native', 'service')`,
  ],
  'no device': [
    `resource "post", policies: a condition names no device: it would never hold | context.device.isOneOf('browser', 'native', 'service')`,
  ],
  'a proof that may be of any age': [
    `resource "post", policies: a condition lets a proof be 721 hours old: it would ask for nothing | isWithin('5 min'); at most 720 h`,
  ],
  'a reference that was not compared': [
    `resource "post", policies: a rule has something under when(…) that is no condition | when(record.status.is('published'))`,
  ],
  'a refusal of no family': [
    'resource "post", action "pay": its refusal "notADraft" is not a family and words in capitals | CONFLICT_POST_NOT_DRAFT; families are AUTH, VALIDATION, NOT_FOUND, CONFLICT, RATE_LIMIT, INTERNAL, DEPENDENCY.',
  ],
  'a refusal that Plinth has': [
    'resource "post", action "pay": its refusal "CONFLICT_VERSION" is a code of Plinth itself | Choose a code that names the rule of your domain.',
  ],
  'a refusal that says nothing': [
    `resource "post", action "pay": its refusal "CONFLICT_PAID" says nothing | { message: 'Only a draft can be published', cure: 'Publish drafts.' }`,
  ],
  'a refusal that says two things': [
    'resource "post", action "repay": its refusal "CONFLICT_PAID" says something else in resource "post", action "pay" | Share one constant between the two, or give one another code.',
  ],
}

test.each(Object.entries(WRONG))('start-up tells of %s', (what, declare) => {
  expect(problemsOf(...declare())).toEqual(SENTENCES[what])
})

test('start-up tells of roles and names of the domain', () => {
  const declare = () => domain({ name: 'My Blog', roles: { admin: ['posts:write', 'write posts'] }, resources: [post({})] })

  expect(declare).toThrow(
    new DeclarationError('My Blog', [
      { where: 'domain', what: 'its name "My Blog" is not in kebab-case', mend: "name: 'my-service'" },
      { where: 'roles', what: 'the permission "write posts" is not <resource>:<verb>', mend: 'posts:write' },
    ]),
  )
})

test('start-up tells all at once, and the whole is good to read', () => {
  const declare = () =>
    domain({
      name: 'blog',
      resources: [post({ list: { sort: ['-publishedAt'] }, policies: () => [permit('read').to('edtior')] })],
    })

  expect(declare).toThrow(`Cannot start the domain "blog": 2 things are wrong with its declaration
  resource "post", list: it names "publishedAt" under sort, and there is no such field
      mend: Fields are title, status, tags, length.
  resource "post", policies: a rule names the role "edtior", which is not declared
      mend: roles: { edtior: [] }`)
})

test('a policy that reads a field which is not there is told at once', () => {
  expect(() => post({ policies: ({ record }) => [permit('read').when(record.stauts?.is('draft') ?? ALWAYS)] })).toThrow(
    'Cannot write a policy of resource "post": record.stauts is no field, expected one of title, status, tags, length, id, createdAt, updatedAt',
  )
})

test('a rule for no role is refused: it would permit anybody', () => {
  const nobody: readonly string[] = []

  expect(() => permit('delete').to(...(nobody as [string]))).toThrow(
    'Cannot permit to no role: the list is empty, expected at least one role',
  )
})

test.each(['9:00', '25:00', '24:01', '09:60', '09:00:00', ''])('a time of day written %j is told at once', (time) => {
  expect(() => when(({ context }) => context.timeOfDay('UTC').isBetween('00:00', time))).toThrow(
    `Cannot read time of day "${time}": it has another form, expected hours and minutes such as "09:30"`,
  )
})
