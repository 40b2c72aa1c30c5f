/**
 * The lock of field numbers, `proto.lock.json`: every name of every message and enum with its number, for ever.
 *
 * Invariant: a number that was once given to a name is never given to another, and a name that was given up never comes back. The failure
 * it prevents: a client that was built last year reads a price where a name stood. Keyed by number, so that two branches which give one number
 * to two names meet in a merge conflict. Numbers order the file, so a change is a line. @see https://protobuf.dev/best-practices/dos-donts/
 */

/** `{ "1": "string id", "2": "optional string note" }`: type and name as a `.proto` file spells them; of an enum's value its name. */
export type LockedNames = Readonly<Record<string, string>>

export interface LockedType {
  readonly numbers: LockedNames
  /** What was given up. */
  readonly reserved?: LockedNames
}

export interface ProtoLock {
  /** By full name: `post.v1.Post`. */
  readonly messages: Readonly<Record<string, LockedType>>
  readonly enums: Readonly<Record<string, LockedType>>
}

export const LOCK_FILE = 'proto.lock.json'

export const EMPTY_LOCK: ProtoLock = Object.freeze({ messages: Object.freeze({}), enums: Object.freeze({}) })

/** 2^29 − 1: the greatest number of a field. @see https://protobuf.dev/programming-guides/proto3/#assigning */
const NUMBER_MAX = 536_870_911
const NUMBER_FORM = /^(?:0|[1-9][0-9]{0,8})$/
/** A type, perhaps with a label in front, and a name; for values of enums the name alone. */
const ENTRY_FORM = /^(?:(?:optional |repeated )?[a-zA-Z][a-zA-Z0-9_.]* )?[a-zA-Z][a-zA-Z0-9_]*$/

/**
 * Reads the text of a lock file.
 *
 * @throws `Error` with a sentence when it is no lock, or is not spelt as `renderLock` spells it: a merge has joined what does not belong together
 */
export function readLock(text: string): ProtoLock {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new Error(`Cannot read ${LOCK_FILE}: it is not JSON, expected it as it was committed last`, { cause })
  }
  const { messages, enums } = asObject(parsed)
  const lock = { messages: readTypes(messages), enums: readTypes(enums) }
  // A key that is there twice, or a line in the wrong place, is lost when JSON is read; here it is found.
  if (renderLock(lock).trimEnd() !== text.replaceAll('\r\n', '\n').trimEnd())
    throw new Error(
      `Cannot read ${LOCK_FILE}: it was edited or merged into something else than \`plinth proto\` writes, expected each number once and in order. ` +
        'Give the newer of two names that share a number the next free one.',
    )
  return lock
}

/** Prints the lock: types by name, names by number, one a line. */
export function renderLock(lock: ProtoLock): string {
  const types = (named: ProtoLock['messages']): Record<string, LockedType> =>
    Object.fromEntries(
      Object.entries(named)
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([name, { numbers, reserved }]) => [name, hasNames(reserved) ? { numbers, reserved } : { numbers }]),
    )
  return `${JSON.stringify({ messages: types(lock.messages), enums: types(lock.enums) }, null, 2)}\n`
}

function readTypes(value: unknown): ProtoLock['messages'] {
  return Object.fromEntries(Object.entries(asObject(value)).map(([name, type]) => [name, readType(name, asObject(type))]))
}

function readType(name: string, { numbers, reserved }: Readonly<Record<string, unknown>>): LockedType {
  const live = readNames(name, asObject(numbers))
  if (reserved === undefined) return { numbers: live }
  const retired = readNames(name, asObject(reserved))
  const twice = Object.keys(retired).find((number) => Object.hasOwn(live, number))
  if (twice !== undefined)
    throw new Error(
      `Cannot read ${LOCK_FILE}: number ${twice} of ${name} is reserved and "${live[twice]}" at once, expected one of the two. ` +
        'Give the newer name the next free number.',
    )
  return { numbers: live, reserved: retired }
}

function readNames(type: string, names: Readonly<Record<string, unknown>>): LockedNames {
  for (const [number, entry] of Object.entries(names)) {
    const isRight =
      NUMBER_FORM.test(number) && Number(number) <= NUMBER_MAX && typeof entry === 'string' && ENTRY_FORM.test(entry)
    if (!isRight)
      throw new Error(
        `Cannot read ${LOCK_FILE}: ${type} has ${JSON.stringify(number)}: ${JSON.stringify(entry)}, expected a number, a type and a name`,
      )
  }
  return names as LockedNames
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>
  throw new Error(`Cannot read ${LOCK_FILE}: ${JSON.stringify(value)} is no object, expected the file as it was committed last`)
}

function hasNames(names: LockedNames | undefined): names is LockedNames {
  return names !== undefined && Object.keys(names).length > 0
}
