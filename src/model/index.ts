export type { AccountsDeclaration, AccountsModel } from './accounts.ts'
export type { Action, ActionDeclaration, ActionScope, ActionStore, Declared, RefusalDeclaration } from './action.ts'
export { type Actor, type ActorSession, DEVICES, type Device, NOBODY } from './actor.ts'
export { choicesOf } from './choices.ts'
export {
  ALWAYS,
  all,
  type Comparison,
  type Condition,
  either,
  NEVER,
  not,
  type Operand,
  type Proof,
  Reference,
  readsActor,
  readsRecord,
} from './condition.ts'
export {
  type ActionModel,
  type ChildModel,
  deriveInput,
  type ExchangeModel,
  type FieldModel,
  type ListModel,
  type ReferenceModel,
  type ResourceModel,
  type SortModel,
} from './derive.ts'
export { DeclarationError, type Domain, type DomainDeclaration, domain } from './domain.ts'
export type { ChangeChoice, Exchange, ExchangeDeclaration, ExchangeMaker, ExchangeScope, HeardChange } from './exchange.ts'
export { type AnyField, type Deprecation, Field, type FieldMap, type FieldRules, fieldSchema, type InputRule } from './field.ts'
export { belongsTo, boolean, choice, date, decimal, email, integer, json, list, secret, text, timestamp, url } from './fields.ts'
export type { ChangesOf, CreationOf, InputOf, RecordOf, StandardFields, ValueOf } from './infer.ts'
export { type AnyKind, type Json, type JsonSchema, type Kind, Misfit, type Operator, type SqlValue } from './kind.ts'
export { isOffered } from './offered.ts'
export {
  type ActorReferences,
  type ContextReferences,
  type Duration,
  type PolicyScope,
  permit,
  type RecordReferences,
  type Rule,
  RuleBuilder,
  STANDARD_VERBS,
  type Verb,
} from './permit.ts'
export {
  type CacheHints,
  type HasMany,
  hasMany,
  type ListOptions,
  type Resource,
  type ResourceDeclaration,
  resource,
} from './resource.ts'
export type { Problem } from './verify/index.ts'
