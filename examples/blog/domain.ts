/** The domain of the reference service: users and their posts. */
import { ALWAYS, belongsTo, choice, domain, email, hasMany, permit, resource, secret, text, timestamp } from 'plinth'

export const User = resource('user', {
  idPrefix: 'usr',
  description: 'A person with an account.',
  fields: {
    email: email().unique().sensitive().describe('Where the person can be reached; unique.').example('ada@example.com'),
    displayName: text({ min: 1, max: 100 }).describe('What others see.').example('Ada Lovelace'),
    password: secret({ min: 12, max: 256 }).optional().immutable().describe('Never comes out; changed under `/auth/password`.'),
    role: choice(['admin', 'editor', 'viewer']).default('viewer').writableBy('admin').describe('What the person may do.'),
  },
  relations: { posts: hasMany('post', { by: 'author' }) },
  list: { sort: ['-createdAt'], filter: ['email', 'role', 'createdAt'], search: ['displayName'] },
  policies: ({ actor, record }) => [
    permit('read').needs('users:read'),
    permit('read').when(record.id.is(actor.id)),
    permit('create', 'update', 'delete', 'restore', 'read-deleted').needs('users:write'),
    permit('register').when(actor.isNobody),
  ],
})

/** The zone whose clock says when editors may write; without it they may always. */
const officeZone = process.env['OFFICE_HOURS_ZONE']

export const Post = resource('post', {
  description: 'Something that a user wrote.',
  fields: {
    author: belongsTo(User).describe('Who wrote it.'),
    title: text({ min: 1, max: 200 }).example('On the Analytical Engine'),
    body: text({ max: 50_000 }).example('It can do whatever we know how to order it to perform.'),
    status: choice(['draft', 'published', 'archived']).default('draft'),
    publishedAt: timestamp().optional().readOnly().describe('When it was published first.'),
  },
  list: { sort: ['-createdAt', 'title'], filter: ['author', 'status', 'createdAt', 'publishedAt'], search: ['title'] },
  policies: ({ actor, record, context }) => [
    permit('read').when(record.status.is('published')),
    permit('read').needs('posts:read').when(record.author.is(actor.id)),
    permit('read', 'read-deleted').to('admin').needs('posts:read'),
    permit('create', 'update', 'publish')
      .to('editor')
      .needs('posts:write')
      .when(record.author.is(actor.id))
      .when(officeZone === undefined ? ALWAYS : context.timeOfDay(officeZone).isBetween('09:00', '18:00')),
    permit('create', 'update', 'publish').to('admin').needs('posts:write'),
    permit('delete', 'restore').needs('posts:delete'),
  ],
  actions: (action) => ({
    publish: action({
      description: 'Makes a draft visible to everybody.',
      input: { at: timestamp().optional().describe('When it counts as published; now, if left out.') },
      refusals: {
        CONFLICT_POST_NOT_DRAFT: { message: 'Only a draft can be published', cure: 'Publish posts whose `status` is `draft`.' },
      },
      async run({ record, input, store, refuse, clock }) {
        if (record.status !== 'draft') throw refuse('CONFLICT_POST_NOT_DRAFT')
        return store.update(record, { status: 'published', publishedAt: input.at ?? new Date(clock.now()) })
      },
    }),
  }),
  cache: { http: 'public' },
})

export default domain({
  name: 'blog',
  roles: {
    admin: ['users:read', 'users:write', 'posts:read', 'posts:write', 'posts:delete'],
    editor: ['posts:read', 'posts:write'],
    viewer: ['posts:read'],
  },
  resources: [User, Post],
  accounts: { resource: User, login: 'email', password: 'password', role: 'role', displayName: 'displayName' },
})
