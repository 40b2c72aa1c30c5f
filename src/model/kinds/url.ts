/** An absolute web address. Only the declared schemes pass, so that no `javascript:` is ever stored. */
import { EQUALITY, type Kind, Misfit } from '../kind.ts'
import { compareText, readBoundedString } from './text.ts'

export interface UrlOptions {
  /** Default `['https', 'http']`. */
  readonly schemes?: readonly string[]
  /** Most characters; default 2048. */
  readonly max?: number
}

export function urlKind(options: UrlOptions = {}): Kind<string> {
  const { schemes = ['https', 'http'], max = 2_048 } = options
  const read = (input: unknown): string | Misfit => {
    const text = readBoundedString(input, 1, max)
    if (text instanceof Misfit) return text
    // `URL` strips spaces and control characters; what it would change in silence is refused instead.
    const isClean = !/[\s\p{Cc}\\]/u.test(text)
    const parsed = isClean && URL.canParse(text) ? new URL(text) : undefined
    if (parsed === undefined || parsed.hostname === '') return new Misfit('url', 'must be an absolute address such as https://example.com/a')
    if (!schemes.includes(parsed.protocol.slice(0, -1))) return new Misfit('url', `must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`)
    if (parsed.username !== '' || parsed.password !== '') return new Misfit('url', 'must not carry a user name or password')
    return text
  }
  return {
    name: 'url',
    sqlType: 'text',
    graphqlType: 'String',
    protobufType: 'string',
    schema: { type: 'string', format: 'uri', maxLength: max },
    operators: EQUALITY,
    isSortable: false,
    isSearchable: true,
    read,
    readText: read,
    toSql: (value) => value,
    toJson: (value) => value,
    fromJson: (json) => json as string,
    compare: compareText,
  }
}
