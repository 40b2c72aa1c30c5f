/**
 * Judges the bytes of a message before they are decoded: framing, wire types, names. @see https://protobuf.dev/programming-guides/encoding/
 *
 * Invariant: what passes decodes without loss. The failure it prevents: a decoder that is made for friends reads a length as a number, a number
 * past its type as another number, and the bytes of a neighbour as a text; what it does not know it leaves out, and the caller believes that
 * it was kept. So an unknown field is refused here as an unknown key is in REST.
 */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { invalid, type PlinthError } from '../../kernel/index.ts'
import { malformed, WireCursor } from './wire-cursor.ts'

/** Messages within messages; as deep as the decoder follows. */
const DEPTH_MAX = 100
/** The last bits of a tag are the wire type, those in front the number of the field. */
const WIRE_TYPE_BITS = 3

/** What may stand behind the number of a field. */
interface Slot {
  readonly name: string
  readonly wireType: WireType
  /** Numbers of a list may stand one after the other, as well as each behind a tag of its own. */
  readonly isPackable: boolean
  readonly isInt32: boolean
  readonly isText: boolean
  /** Set for a message: what stands in it. Asked late, since messages may hold themselves. */
  readonly inner: (() => Slots) | undefined
}

type Slots = ReadonlyMap<number, Slot>

const slotsByMessage = new WeakMap<DescMessage, Slots>()

/**
 * @throws `VALIDATION_BODY_MALFORMED` for bytes that are no message, `VALIDATION_FAILED` for a field that the message does not have or a text
 * that is not UTF-8
 */
export function checkWire(schema: DescMessage, bytes: Uint8Array): void {
  checkMessage(slotsOf(schema), new WireCursor(bytes, 0, bytes.length), '', 1)
}

function checkMessage(slots: Slots, cursor: WireCursor, path: string, depth: number): void {
  if (depth > DEPTH_MAX) throw malformed(`it nests deeper than ${DEPTH_MAX} levels`)
  while (cursor.hasMore) {
    const tag = cursor.readTag()
    const slot = slots.get(tag >>> WIRE_TYPE_BITS)
    if (slot === undefined) throw unknownField(slots, tag >>> WIRE_TYPE_BITS, path)
    const wireType = tag & ((1 << WIRE_TYPE_BITS) - 1)
    if (wireType === WireType.LengthDelimited && slot.isPackable) checkPacked(cursor.enter(), slot)
    else if (wireType !== slot.wireType)
      throw malformed(`${path}${slot.name} has wire type ${wireType}, expected ${slot.wireType}`)
    else checkValue(slot, cursor, path, depth)
  }
}

function checkValue(slot: Slot, cursor: WireCursor, path: string, depth: number): void {
  if (slot.wireType === WireType.Varint) cursor.readNumber(slot.isInt32)
  else if (slot.wireType === WireType.Bit64) cursor.skip(8)
  else checkInside(slot, cursor.enter(), path + slot.name, depth)
}

function checkInside(slot: Slot, inside: WireCursor, name: string, depth: number): void {
  if (slot.inner !== undefined) checkMessage(slot.inner(), inside, `${name}.`, depth + 1)
  else if (slot.isText && !inside.isText())
    throw invalid([{ field: name, code: 'encoding', message: `${name} must be well-formed UTF-8` }])
}

function checkPacked(inside: WireCursor, slot: Slot): void {
  while (inside.hasMore) inside.readNumber(slot.isInt32)
}

function slotsOf(schema: DescMessage): Slots {
  const known = slotsByMessage.get(schema)
  if (known !== undefined) return known
  const made = new Map(schema.fields.map((field) => [field.number, slotOf(field)]))
  slotsByMessage.set(schema, made)
  return made
}

function slotOf(field: DescField): Slot {
  if (field.fieldKind === 'map') return { ...TEXT, name: field.name, isText: false, inner: () => entryOf(field) }
  const { name, scalar, message } = field
  const isInt32 = field.enum !== undefined || scalar === ScalarType.INT32
  const isNumber = isInt32 || scalar === ScalarType.INT64 || scalar === ScalarType.BOOL
  return {
    name,
    wireType: isNumber ? WireType.Varint : scalar === ScalarType.DOUBLE ? WireType.Bit64 : WireType.LengthDelimited,
    isPackable: isNumber && field.fieldKind === 'list',
    isInt32,
    isText: scalar === ScalarType.STRING,
    inner: message === undefined ? undefined : () => slotsOf(message),
  }
}

const TEXT: Slot = {
  name: 'key',
  wireType: WireType.LengthDelimited,
  isPackable: false,
  isInt32: false,
  isText: true,
  inner: undefined,
}

/** An entry of a map is a message of key and value. The only map is that of `google.protobuf.Struct`. */
function entryOf({ message }: DescField): Slots {
  const value: Slot = { ...TEXT, name: 'value', isText: false, inner: message === undefined ? undefined : () => slotsOf(message) }
  return new Map([
    [1, TEXT],
    [2, value],
  ])
}

function unknownField(slots: Slots, number: number, path: string): PlinthError {
  const known = [...slots].map(([no, { name }]) => `${no} (${name})`).join(', ')
  const message = `${path}${number} is not a field here, expected some of ${known === '' ? 'none' : known}`
  return invalid([{ field: `${path}${number}`, code: 'unknown', message }])
}
