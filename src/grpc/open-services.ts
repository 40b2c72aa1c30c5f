/** Lets in the calls of services that belong to no resource, such as health: without a token, without a budget, without a line in the log. */
import { NOBODY } from '../model/index.ts'
import type { ArriveCall, ArrivedCall } from './admit-call.ts'
import type { ServedMethod } from './server.ts'

/** What such a service has at each path. */
export type OpenService = readonly (readonly [path: string, served: ServedMethod])[]

const ARRIVED: ArrivedCall = {
  opened: { requestId: '', limitHeaders: [], async charge() {}, release() {}, end() {} },
  admit: async () => ({ actor: NOBODY, nowMs: 0, address: '', requestId: '' }),
}

export const arriveOpen: ArriveCall = () => ARRIVED
