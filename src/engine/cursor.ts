/**
 * Cursors: where a page begins, sealed.
 *
 * A cursor is base64url of a JSON array, `[backward, …sort values]`, followed by a seal over that text and over the list that it
 * belongs to: the resource, the parent, the sort, the filters. Invariant: a position is only ever used in the list that made it,
 * and nothing is decoded before its seal is known to be ours. The failure it prevents: a cursor altered or carried to another
 * list asks the database for values that no check has seen.
 */
import { PlinthError, shorten, type Uuid } from '../kernel/index.ts'
import type { FieldModel } from '../model/index.ts'
import type { ListPlan, PositionPlan } from './plan.ts'
import { openText, type Seal, sealText } from './sealed-text.ts'

/** What tells one list from another: its pages differ in none of it. */
export interface ListIdentity extends Pick<ListPlan, 'resource' | 'sort' | 'filters' | 'search' | 'includesDeleted'> {
  /** Without an id where the list is read under many parents at once. */
  readonly parent: { readonly by: FieldModel; readonly id?: Uuid | undefined } | undefined
}

/** As much of a cursor as tells which one was meant. */
const SHOWN_MAX = 40

/** The cursors of one list: read and made against an identity that is printed once. */
export class ListCursors {
  readonly #list: ListIdentity
  readonly #seal: Seal
  #identity: string | undefined

  constructor(list: ListIdentity, seal: Seal) {
    this.#list = list
    this.#seal = seal
  }

  /** @param values the sort values of the record next to which the page begins, as text */
  render(values: readonly (string | null)[], isBackward: boolean): string {
    return sealText(asAscii(JSON.stringify([isBackward ? 1 : 0, ...values])), this.#owner(), this.#seal)
  }

  /** @throws `VALIDATION_CURSOR` for anything that `render` did not make for this very list */
  read(text: string): PositionPlan {
    const opened = openText(text, this.#owner(), this.#seal)
    if (opened === undefined) {
      const shown = shorten(text, SHOWN_MAX)
      const message = `Cannot read cursor ${JSON.stringify(shown)}: its seal does not match, expected a cursor that this list returned`
      throw new PlinthError('VALIDATION_CURSOR', message, { details: [{ field: 'cursor', code: 'cursor', message }] })
    }
    // The seal says that this is our own text.
    const [direction, ...values] = JSON.parse(opened) as [number, ...(string | null)[]]
    return { values, isBackward: direction === 1 }
  }

  #owner(): string {
    this.#identity ??= listIdentity(this.#list)
    return this.#identity
  }
}

/** What the position belongs to. Limit and fields may change from page to page, and filters may change places. */
function listIdentity(list: ListIdentity): string {
  const sort = list.sort.map(({ field, isDescending }) => (isDescending ? `-${field.name}` : field.name))
  const filters = list.filters.map(({ field, operator, value }) => JSON.stringify([field.name, operator, value])).sort()
  return JSON.stringify([
    list.resource.name,
    list.parent?.by.name,
    list.parent?.id,
    sort,
    filters,
    list.search,
    list.includesDeleted,
  ])
}

const OUTSIDE_ASCII = /[\u0080-\uffff]/g

/** @param json any JSON text; what is not ASCII is escaped */
function asAscii(json: string): string {
  return json.replace(OUTSIDE_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
