/** Lets a call in from its metadata, as the HTTP server lets in a request from its headers, and makes its context. Knows no transport. */
import type { Caller, WatchContext } from '../engine/index.ts'
import type { CallArrival, CalledOperation, HttpServer, OpenCall } from '../http/index.ts'
import { type Clock, PlinthError } from '../kernel/index.ts'
import type { CallMetadata } from './call.ts'
import type { GrpcMethod } from './describe/describe-grpc.ts'

/** What becomes of a call's count and its line in the log. */
export type CountedCall = Pick<OpenCall, 'requestId' | 'limitHeaders' | 'charge' | 'release' | 'end'>

/** A call that arrived: `opened` counts and logs it, `admit` says who asks. */
export interface ArrivedCall {
  readonly opened: CountedCall
  /** @throws as `OpenCall.admit` does, and `AUTH_TOKEN_INVALID` where there are two tokens */
  admit(caller?: Caller): Promise<WatchContext>
}

export interface Peer {
  readonly remoteAddress: string
}

export type ArriveCall = (metadata: CallMetadata, peer: Peer) => ArrivedCall

export interface AdmitScope {
  readonly server: Pick<HttpServer, 'calls' | 'authenticate'>
  /** The wall clock that policies read. */
  readonly clock: Pick<Clock, 'now'>
}

/** `/post.v1.PostService/GetPost`. */
export function pathOf({ descMethod }: GrpcMethod): string {
  return `/${descMethod.parent.typeName}/${descMethod.name}`
}

/** Makes the door of a method. */
export function arrivals(method: GrpcMethod, scope: AdmitScope): ArriveCall {
  const isRead = method.kind === 'get' || method.kind === 'list' || method.kind === 'watch'
  const { operation } = method
  return openDoor({ operation, surface: 'grpc', path: pathOf(method), limit: isRead ? 'read' : 'write' }, scope)
}

function openDoor(called: CalledOperation, { server, clock }: AdmitScope): ArriveCall {
  const open = server.calls(called)
  return (metadata, peer) => {
    const tokens = metadata.all('authorization')
    const [authorization] = tokens
    const opened = open(readArrival(metadata, peer, authorization))
    return {
      opened,
      async admit(caller) {
        if (tokens.length > 1) throw new PlinthError('AUTH_TOKEN_INVALID', 'Cannot read the token: there are two, expected one')
        await opened.admit()
        const { actor, address, requestId } = opened
        // An async function, so that what it throws at once rejects.
        const renew = authorization === undefined ? undefined : async () => server.authenticate(authorization)
        return { actor, address, requestId, nowMs: clock.now(), caller, renew }
      },
    }
  }
}

/** The door for calls of methods that there are not, so that they cost their callers what others do. */
export function arrivalsOfUnknown(scope: AdmitScope): ArriveCall {
  return openDoor({ operation: 'grpc.unknown', surface: 'grpc', path: '*', limit: 'read' }, scope)
}

function readArrival(metadata: CallMetadata, peer: Peer, authorization: string | undefined): CallArrival {
  const single = (name: string): string | undefined => {
    const values = metadata.all(name)
    return values.length === 1 ? values[0] : undefined
  }
  return {
    socket: peer,
    headers: { 'x-forwarded-for': metadata.all('x-forwarded-for').join(', ') || undefined },
    authorization,
    requestId: single('x-request-id'),
    traceparent: single('traceparent'),
    tracestate: single('tracestate'),
  }
}
