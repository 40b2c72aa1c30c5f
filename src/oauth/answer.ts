/** Writes the answers of the authorization server: JSON for machines as RFC 6749 has it, pages for people, nothing cached. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { formTargets, pageHeaders } from '../http/index.ts'
import { PlinthError } from '../kernel/index.ts'

const POLICY = 'content-security-policy'
const PAGE = pageHeaders({ forms: 'open' })

export interface PageMore {
  /** Where forms of the page may lead in the end, besides this origin. Default nowhere; null where it is not known. */
  readonly targets?: readonly string[] | null
  readonly retryAfterS?: number | undefined
}

/** Pages cannot be framed, run nothing but files of this service, and send their forms where they should go. */
export function writePage(
  response: ServerResponse,
  status: number,
  page: string,
  { targets = [], retryAfterS }: PageMore = {},
): void {
  response.statusCode = status
  for (let at = 0; at < PAGE.pairs.length; at += 2) response.setHeader(PAGE.pairs[at] ?? '', PAGE.pairs[at + 1] ?? '')
  // A browser that is given two policies holds to both.
  const policy = String(response.getHeader(POLICY))
  if (targets !== null) response.setHeader(POLICY, [policy, formTargets(targets)])
  // The address of a step must not reach the client; with `no-referrer` browsers would hide the origin of forms from us too.
  response.setHeader('referrer-policy', 'same-origin')
  response.setHeader('vary', 'cookie')
  if (retryAfterS !== undefined) response.setHeader('retry-after', String(Math.ceil(retryAfterS)))
  finish(response, page)
}

/** 303, so that a form with a password in it is never posted on (RFC 9700, 4.12). */
export function writeRedirect(response: ServerResponse, location: string): void {
  response.statusCode = 303
  response.setHeader('location', location)
  response.setHeader('referrer-policy', 'no-referrer')
  finish(response, '')
}

export function writeJson(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status
  response.setHeader('content-type', 'application/json; charset=utf-8')
  finish(response, body)
}

/** An error of ours, in the words of RFC 6749. */
export function writeMachineError(response: ServerResponse, error: PlinthError): void {
  if (error.retryAfterS !== undefined) response.setHeader('retry-after', String(Math.ceil(error.retryAfterS)))
  const code =
    error.status === 500
      ? 'server_error'
      : error.status > 500 || error.isRetryable
        ? 'temporarily_unavailable'
        : 'invalid_request'
  const text = error.status === 500 ? 'Something went wrong on our side' : error.message
  writeJson(response, error.status, JSON.stringify({ error: code, error_description: text }))
}

/** Reads a whole body; the route bounds its length. */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    throw new PlinthError('VALIDATION_CONTENT_TYPE', 'Cannot read the body: Content-Encoding is not supported')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function finish(response: ServerResponse, body: string): void {
  const isHead = response.req.method === 'HEAD'
  response.setHeader('content-length', String(Buffer.byteLength(body)))
  response.end(isHead ? undefined : body)
}
