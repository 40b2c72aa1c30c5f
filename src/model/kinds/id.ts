/** A record's key: a UUIDv7 inside, a TypeID outside. Its own `id`, or that of the record it belongs to. */
import { decodeTypeId, encodeTypeId, type Uuid } from '../../kernel/index.ts'
import { EQUALITY, type Kind, Misfit } from '../kind.ts'
import { compareText } from './text.ts'

/** 26 characters of Crockford base32 hold 130 bits; the first must stay below 8 for 128. */
const SUFFIX_PATTERN = '[0-7][0-9a-hjkmnp-tv-z]{25}'

export function idKind(prefix: string, nameSuffix?: string): Kind<Uuid> {
  const read = (input: unknown): Uuid | Misfit => {
    const uuid = typeof input === 'string' ? decodeTypeId(prefix, input) : undefined
    return uuid ?? new Misfit('id', `must be an id such as ${prefix}_01h455vb4pex5vsknk084sn02q`)
  }
  return {
    name: nameSuffix === undefined ? 'id' : 'belongs-to',
    sqlType: 'uuid',
    graphqlType: 'ID',
    protobufType: 'string',
    schema: { type: 'string', pattern: `^${prefix}_${SUFFIX_PATTERN}$`, maxLength: prefix.length + 27 },
    operators: EQUALITY,
    isSortable: nameSuffix === undefined,
    isSearchable: false,
    idPrefix: prefix,
    ...(nameSuffix !== undefined && { nameSuffix }),
    read,
    readText: read,
    toSql: (value) => value,
    toJson: (value) => encodeTypeId(prefix, value),
    fromJson: (json) => decodeTypeId(prefix, json as string) as Uuid,
    compare: compareText,
  }
}
