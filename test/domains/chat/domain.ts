/** Rooms that people talk in: the smallest domain with exchanges, which gRPC serves as bidirectional streams. */
import { belongsTo, boolean, choice, decimal, domain, integer, permit, resource, text, timestamp } from 'plinth'

export const Person = resource('person', {
  plural: 'people',
  fields: { name: text({ min: 1, max: 60 }) },
  policies: () => [permit('read'), permit('create').to('host')],
})

export const Message = resource('message', {
  idPrefix: 'msg',
  description: 'What somebody said in a room.',
  fields: {
    room: belongsTo({ name: 'room', idPrefix: 'room' }).immutable(),
    author: belongsTo(Person).immutable(),
    text: text({ min: 1, max: 500 }),
  },
  list: { filter: ['room'] },
  // Nobody makes one by itself: what is said goes through the chat.
  policies: () => [permit('read').to('guest', 'host')],
})

export const Room = resource('room', {
  fields: { title: text({ min: 1, max: 80 }), isOpen: boolean().default(true) },
  policies: ({ record }) => [
    permit('read'),
    permit('create', 'update', 'delete').to('host'),
    permit('chat', 'tally').to('guest', 'host').when(record.isOpen.is(true)),
  ],
  exchanges: (define) => ({
    chat: define({
      description: 'Says what its caller says to all in the room, and tells what they say.',
      receives: { text: text({ min: 1, max: 500 }) },
      sends: { author: belongsTo(Person), text: text({ min: 1, max: 500 }), at: timestamp() },
      refusals: {
        CONFLICT_NOBODY_SPEAKS: { message: 'A service has no name in the room', cure: 'Sign in as a person.' },
      },
      async run({ record: room, actor, hear, tell, changes, transact, refuse }) {
        const { id: author } = actor
        if (author === null) throw refuse('CONFLICT_NOBODY_SPEAKS')
        const said = changes(Message, { kinds: ['created'] })
        hear(async ({ text }) => {
          await transact(({ create }) => create(Message, { room: room.id, author, text }))
        })
        for await (const { record: message } of said)
          if (message.room === room.id) await tell({ author: message.author, text: message.text, at: message.createdAt })
      },
    }),
    tally: define({
      description: 'Adds up votes as they come in.',
      receives: { votes: integer({ min: 1, max: 100 }), side: choice(['for', 'against']).default('for') },
      sends: {
        total: integer(),
        share: decimal({ digits: 5, scale: 2 }).optional(),
        leads: choice(['for', 'against']).optional(),
      },
      refusals: { CONFLICT_HOUSE_FULL: { message: 'There are no more than 1000 votes', cure: 'Count again.' } },
      async run({ messages, tell, refuse }) {
        const votes = { for: 0, against: 0 }
        for await (const { votes: more, side } of messages) {
          votes[side] += more
          const total = votes.for + votes.against
          if (total > 1_000) throw refuse('CONFLICT_HOUSE_FULL')
          const leads = votes.for === votes.against ? null : votes.for > votes.against ? 'for' : 'against'
          await tell({ total, leads, share: leads === null ? null : ((100 * votes[leads]) / total).toFixed(2) })
        }
      },
    }),
  }),
})

export const chat = domain({
  name: 'chat',
  roles: { guest: [], host: [], listener: [] },
  resources: [Person, Room, Message],
})
