/**
 * Gives the drafts their numbers: those of the lock, and the next free ones to what is new. Deterministic: the same draft and lock always
 * give the same. Says what would break clients, and how to mend it.
 */
import type { Problem } from '../../model/index.ts'
import { LOCK_FILE, type LockedNames, type LockedType, type ProtoLock } from '../lock.ts'
import type { DraftField, DraftFile, DraftMessage, NumberedEnum, NumberedFile, NumberedMessage, NumberedName } from './draft.ts'

export interface Numbering {
  readonly files: readonly NumberedFile[]
  /** The lock with what is new, and with what is gone as reserved. */
  readonly lock: ProtoLock
  readonly problems: readonly Problem[]
}

/** 19000 to 19999 belong to implementations of protobuf. */
const IMPLEMENTATION_MIN = 19_000
const IMPLEMENTATION_MAX = 19_999

/** What a name is in the lock, and from which number on new ones are given: fields begin at 1, values of enums at 0. */
interface Entry {
  readonly name: string
  readonly text: string
}

export function numberFiles(drafts: readonly DraftFile[], lock: ProtoLock): Numbering {
  const messages = new Map(Object.entries(lock.messages))
  const enums = new Map(Object.entries(lock.enums))
  const problems: Problem[] = []

  const numberMessage = (scope: string, draft: DraftMessage): NumberedMessage => {
    const full = `${scope}.${draft.name}`
    const entries = draft.fields.map((field) => ({ name: field.name, text: renderEntry(field) }))
    const locked = extendType(full, messages.get(full), entries, 1, problems)
    messages.set(full, locked)
    const numbers = numbersByName(locked.numbers)
    return {
      ...draft,
      fields: draft.fields.map((field) => ({ ...field, number: numbers.get(field.name) ?? 0 })),
      nested: (draft.nested ?? []).map((nested) => numberMessage(full, nested)),
      reserved: listNames(locked.reserved),
    }
  }
  const files = drafts.map((file): NumberedFile => {
    const numberedEnums = file.enums.map((draft): NumberedEnum => {
      const full = `${file.package}.${draft.name}`
      const entries = draft.values.map((name) => ({ name, text: name }))
      const locked = extendType(full, enums.get(full), entries, 0, problems)
      enums.set(full, locked)
      const numbers = numbersByName(locked.numbers)
      const values = draft.values.map((name) => ({ name, number: numbers.get(name) ?? 0 }))
      return { ...draft, values, reserved: listNames(locked.reserved) }
    })
    return { ...file, messages: file.messages.map((draft) => numberMessage(file.package, draft)), enums: numberedEnums }
  })
  return { files, lock: { messages: Object.fromEntries(messages), enums: Object.fromEntries(enums) }, problems }
}

/** `optional string note`: all of a field that clients were built with. */
function renderEntry({ label, type, name }: DraftField): string {
  return `${label === 'singular' ? '' : `${label} `}${type.name} ${name}`
}

function extendType(
  full: string,
  locked: LockedType | undefined,
  entries: readonly Entry[],
  least: number,
  problems: Problem[],
): LockedType {
  const known = numbersByName(locked?.numbers ?? {})
  const retired = numbersByName(locked?.reserved ?? {})
  const numbers: Record<string, string> = {}
  const fresh: Entry[] = []
  for (const entry of entries) {
    const number = known.get(entry.name)
    if (number === undefined) fresh.push(entry)
    else numbers[number] = entry.text
    problems.push(...findBreaks(full, entry, locked, number, retired.get(entry.name)))
  }
  const reserved: Record<string, string> = { ...locked?.reserved }
  for (const [number, text] of Object.entries(locked?.numbers ?? {})) if (numbers[number] === undefined) reserved[number] = text
  let next = Math.max(least - 1, ...Object.keys(numbers).map(Number), ...Object.keys(reserved).map(Number))
  for (const { text } of fresh) {
    next += 1
    if (least === 1 && next >= IMPLEMENTATION_MIN && next <= IMPLEMENTATION_MAX) next = IMPLEMENTATION_MAX + 1
    numbers[next] = text
  }
  return { numbers, reserved }
}

/** What clients that were built before would not survive. */
function findBreaks(
  full: string,
  entry: Entry,
  locked: LockedType | undefined,
  number: number | undefined,
  retired: number | undefined,
): readonly Problem[] {
  const where = `${full}.${entry.name} (gRPC)`
  if (retired !== undefined)
    return [
      {
        where,
        what: `the name was given up with number ${retired} and is reserved`,
        mend: `Choose another name. To undo the removal, move the line from "reserved" back to "numbers" in ${LOCK_FILE}.`,
      },
    ]
  const before = number === undefined ? undefined : locked?.numbers[number]
  if (before === undefined || before === entry.text) return []
  return [
    {
      where,
      what: `it was \`${before}\` and is \`${entry.text}\` now, which clients that were built before cannot read`,
      mend: `Declare it under another name; the old one is then reserved. If no client has it yet, delete its line from ${LOCK_FILE}.`,
    },
  ]
}

/** The name is what stands last. */
function numbersByName(names: LockedNames): ReadonlyMap<string, number> {
  return new Map(Object.entries(names).map(([number, text]) => [text.slice(text.lastIndexOf(' ') + 1), Number(number)]))
}

function listNames(names: LockedNames = {}): readonly NumberedName[] {
  return [...numbersByName(names)].map(([name, number]) => ({ name, number }))
}
