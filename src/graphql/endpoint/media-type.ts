/**
 * Chooses the media type of an answer. With `application/graphql-response+json` the status says whether the document could be run at all; with
 * `application/json`, which older clients ask for, it is 200 then too.
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types
 */

export const GRAPHQL_TYPE = 'application/graphql-response+json'
export const JSON_TYPE = 'application/json'

export type MediaType = typeof GRAPHQL_TYPE | typeof JSON_TYPE

/** Ranges of one header; more than a client has ever meant. */
const RANGES_MAX = 20

/** @param accept the header; a range that is none of ours is passed over, and where none is left JSON goes out */
export function chooseMediaType(accept: string | undefined): MediaType {
  if (accept === undefined || accept === '*/*' || accept === JSON_TYPE) return JSON_TYPE
  let best: MediaType = JSON_TYPE
  let bestQuality = 0
  for (const range of accept.split(',', RANGES_MAX)) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const type = name === GRAPHQL_TYPE ? GRAPHQL_TYPE : ['*/*', 'application/*', JSON_TYPE].includes(name) ? JSON_TYPE : undefined
    const quality = readQuality(parameters)
    if (type === undefined || quality <= bestQuality) continue
    best = type
    bestQuality = quality
  }
  return best
}

/** Whether somebody looks with a browser. */
export function wantsPage(accept: string | undefined): boolean {
  return accept?.split(',', RANGES_MAX).some((range) => range.trim().toLowerCase().startsWith('text/html')) === true
}

function readQuality(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  if (text === undefined) return 1
  const quality = Number(text)
  return quality >= 0 && quality <= 1 ? quality : 0
}
