/** An absolute web address. Only the declared schemes pass, so that no `javascript:` is ever stored. */
import { EQUALITY, type Flaw, type Kind, Misfit } from '../kind.ts'
import { findBoundFlaws, readBoundedString, TEXT_CODEC } from './text.ts'

export interface UrlOptions {
  /** Default `['https', 'http']`. */
  readonly schemes?: readonly string[]
  /** Most characters; default 2048. */
  readonly max?: number
}

/** The characters of RFC 3986 §2, brackets for IPv6 hosts alone: what JSON Schema's `uri` admits. */
const URI_FORM = /^[a-z][a-z0-9+.-]*:\/\/(?![/?#])(?:\[[0-9a-f:.]+\])?(?:[a-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9a-f]{2})*$/i
const SCHEME_FORM = /^[a-z][a-z0-9+.-]*$/

export function urlKind(options: UrlOptions = {}): Kind<string> {
  const { schemes = ['https', 'http'], max = 2_048 } = options
  const read = (input: unknown): string | Misfit => {
    const text = readBoundedString(input, 1, max)
    if (text instanceof Misfit) return text
    // `URL` strips, escapes and completes; what it would change in silence is refused instead.
    const parsed = URI_FORM.test(text) && URL.canParse(text) ? new URL(text) : undefined
    if (parsed === undefined || parsed.hostname === '' || text.split('#').length > 2) {
      return new Misfit('url', 'must be an absolute address such as https://example.com/a, other than ASCII escaped as %C3%A9')
    }
    if (!schemes.includes(parsed.protocol.slice(0, -1)))
      return new Misfit('url', `must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`)
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
    ...TEXT_CODEC,
    findFlaws: () => [...findBoundFlaws(1, max), ...findSchemeFlaws(schemes)],
  }
}

function findSchemeFlaws(schemes: readonly string[]): readonly Flaw[] {
  if (schemes.length === 0) return [{ what: 'no scheme is allowed', mend: `schemes: ['https']` }]
  const wrong = schemes.filter((scheme) => !SCHEME_FORM.test(scheme))
  return wrong.map((scheme) => ({
    what: `the scheme "${scheme}" is not lower-case letters and digits`,
    mend: `schemes: ['https']`,
  }))
}
