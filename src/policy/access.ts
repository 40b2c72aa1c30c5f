/**
 * Decides which rules of a resource apply to an actor, before any record is seen.
 *
 * A rule splits in two: the part about actor and context is decided here, in memory; the part about the record is left for SQL.
 * The rules whose first part holds form a bit set, and each set has one fixed predicate: so statements are few, and none depends on who asks.
 *
 * An application that somebody lent their account to was lent permissions and nothing else. A rule that asks for none is judged for it as for
 * nobody: the failure this prevents is an application with one scope that does all that its owner may do for being who they are.
 */
import {
  ALWAYS,
  all,
  type Condition,
  either,
  NEVER,
  NOBODY,
  not,
  type Proof,
  type ResourceModel,
  type Rule,
  readsActor,
  readsRecord,
} from '../model/index.ts'
import { evaluateCondition } from './evaluate.ts'
import type { PolicyInput, PolicyRecord } from './input.ts'
import { isLent } from './lent.ts'

/** Which rules apply: bit n is the n-th rule for the verb. `DENIED` permits nothing, `UNCONDITIONAL` every record. */
export type RuleSet = number
export const DENIED: RuleSet = 0
export const UNCONDITIONAL: RuleSet = -1

/** Something that the actor must show again, and how old it may be. */
export interface StaleProof {
  readonly proof: Proof
  readonly withinS: number
}

/** How a rule decided. */
export interface RuleExplanation {
  readonly rule: Rule
  /** What must hold of actor and context, roles and permissions included; and whether it does. */
  readonly guard: Condition
  readonly guardHolds: boolean
  /** What must hold of the record; and whether it does. */
  readonly residual: Condition
  readonly recordHolds: boolean
}

interface SplitRule {
  readonly rule: Rule
  /** What must hold of actor and context. */
  readonly guard: Condition
  /** What must hold of the record. */
  readonly residual: Condition
  /** Whether it asks for a permission, which is what can be lent. */
  readonly asksPermission: boolean
}

function flatten(condition: Condition): readonly Condition[] {
  return condition.node === 'all' ? condition.parts.flatMap(flatten) : [condition]
}

function joinAll(parts: readonly Condition[]): Condition {
  const [first, ...rest] = parts.filter((part) => !(part.node === 'constant' && part.holds))
  if (first === undefined) return ALWAYS
  return rest.length === 0 ? first : all(first, ...rest)
}

/** A comparison with the id of nobody never holds: so the rule needs somebody, which is known before any record is seen. */
function neededActor(condition: Condition): readonly Condition[] {
  if (condition.node !== 'compare') return []
  const operand = [condition.left, condition.right].find(({ from }) => from === 'actor')
  return operand === undefined ? [] : [not({ node: 'nothing', operand })]
}

function split(rule: Rule): SplitRule {
  const parts = flatten(rule.condition)
  const needed = rule.permissions.map((permission): Condition => ({ node: 'permission', permission }))
  const roles = rule.roles.length === 0 ? [] : [either(...rule.roles.map((role): Condition => ({ node: 'role', role })))]
  return {
    rule,
    guard: joinAll([...roles, ...needed, ...parts.flatMap(neededActor), ...parts.filter((part) => !readsRecord(part))]),
    residual: joinAll(parts.filter(readsRecord)),
    asksPermission: rule.permissions.length > 0 || parts.some(({ node }) => node === 'permission'),
  }
}

const PROOFS: readonly Proof[] = ['sign-in', 'second-factor']

/** Whether a condition looks at how fresh a proof is, so that `AUTH_STEP_UP_REQUIRED` may be the answer. */
export function asksForProof(condition: Condition): boolean {
  return proofsIn(condition).length > 0
}

function proofsIn(condition: Condition): readonly (Condition & { readonly node: 'proof' })[] {
  switch (condition.node) {
    case 'proof':
      return [condition]
    case 'all':
    case 'either':
      return condition.parts.flatMap(proofsIn)
    case 'not':
      return proofsIn(condition.part)
    default:
      return []
  }
}

/**
 * Decides one verb on one resource.
 *
 * @example
 * const access = new Access(blog.resource('post'), 'update')
 * access.decide({ actor, nowMs, address: null }) // DENIED, UNCONDITIONAL, or which rules a record must fulfil
 */
export class Access {
  readonly verb: string
  readonly #resource: ResourceModel
  readonly #rules: readonly SplitRule[]
  readonly #conditions = new Map<RuleSet, Condition>()

  constructor(resource: ResourceModel, verb: string) {
    this.verb = verb
    this.#resource = resource
    this.#rules = resource.rules.filter((rule) => rule.verbs.includes(verb)).map(split)
  }

  /** Which rules apply to this actor now. No record is needed; cost grows with the number of rules for the verb. */
  decide(input: PolicyInput): RuleSet {
    let set = DENIED
    for (let at = 0; at < this.#rules.length; at++) {
      const rule = this.#rules[at]
      if (rule === undefined || !this.#guardHolds(rule, input)) continue
      if (rule.residual === ALWAYS) return UNCONDITIONAL
      set |= 1 << at
    }
    return set
  }

  /** What a record must fulfil under this set of rules. */
  condition(set: RuleSet): Condition {
    if (set === UNCONDITIONAL) return ALWAYS
    if (set === DENIED) return NEVER
    const known = this.#conditions.get(set)
    if (known !== undefined) return known
    const parts = this.#rules.filter((_, at) => (set & (1 << at)) !== 0).map((rule) => rule.residual)
    const [only] = parts
    const condition = parts.length === 1 && only !== undefined ? only : either(...parts)
    this.#conditions.set(set, condition)
    return condition
  }

  /** Whether this very record is permitted: the in-memory twin of the predicate. */
  permits(input: PolicyInput, record: PolicyRecord): boolean {
    const set = this.decide(input)
    return evaluateCondition(this.condition(set), this.#resource.fieldsByName, input, record)
  }

  /** Which rules were asked and how each decided: for `explain-access`. */
  explain(input: PolicyInput, record: PolicyRecord): readonly RuleExplanation[] {
    const { fieldsByName } = this.#resource
    return this.#rules.map((split) => ({
      ...split,
      guardHolds: this.#guardHolds(split, input),
      recordHolds: evaluateCondition(split.residual, fieldsByName, input, record),
    }))
  }

  /**
   * What the actor would have to show again for any rule to apply: for whoever is `DENIED`. Undefined where that would not help. It is decided
   * before any record is seen, so it tells nothing of records.
   */
  staleProofs(input: PolicyInput): readonly StaleProof[] | undefined {
    const { session } = input.actor
    if (session === undefined) return undefined
    const { nowMs } = input
    const fresh = [
      { ...session, authenticatedAtMs: nowMs },
      { ...session, secondFactorAtMs: nowMs },
      { ...session, authenticatedAtMs: nowMs, secondFactorAtMs: nowMs },
    ]
    for (const shown of fresh) {
      const shownInput = { ...input, actor: { ...input.actor, session: shown } }
      const rule = this.#rules.find((one) => this.#guardHolds(one, shownInput))
      if (rule !== undefined) return this.#turned(rule.guard, input, shownInput)
    }
    return undefined
  }

  /** The proofs that hold once they are shown again; of each the strictest. */
  #turned(guard: Condition, before: PolicyInput, after: PolicyInput): readonly StaleProof[] {
    const { fieldsByName } = this.#resource
    const turned = proofsIn(guard).filter(
      (proof) => !evaluateCondition(proof, fieldsByName, before, {}) && evaluateCondition(proof, fieldsByName, after, {}),
    )
    return PROOFS.flatMap((proof) => {
      const ages = turned.filter((one) => one.proof === proof).map(({ withinS }) => withinS)
      return ages.length === 0 ? [] : [{ proof, withinS: Math.min(...ages) }]
    })
  }

  #guardHolds(rule: SplitRule, input: PolicyInput): boolean {
    if (!rule.asksPermission && isLent(input.actor)) {
      // The record would be compared with the person, whom the application is not.
      if (readsActor(rule.residual)) return false
      return evaluateCondition(rule.guard, this.#resource.fieldsByName, { ...input, actor: NOBODY }, {})
    }
    return rule.guard === ALWAYS || evaluateCondition(rule.guard, this.#resource.fieldsByName, input, {})
  }
}
