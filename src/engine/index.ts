export type { ChangeFeed, FeedEntry, FeedListener, FeedPage, FeedPoint } from './change-feed.ts'
export type { Caller, RequestContext } from './context.ts'
export { Engine, type EngineOptions } from './engine.ts'
export type { Answer, ExchangeInput, OpenExchange } from './exchange.ts'
export type { FieldSet } from './field-set.ts'
export { type GuardedValues, guardStore, type StoreGuard } from './guard-store.ts'
export type { HiddenRecord, HiddenRecordOptions } from './hidden-records.ts'
export type { ActInput, ChangeInput, CreateInput, FieldSelection, GetInput, ListInput, Page, ParentInput } from './inputs.ts'
export { findSearchMisfit, IN_VALUES_MAX, SEARCH_LENGTH_MAX, SEARCH_LENGTH_MIN, SORT_KEYS_MAX } from './list-bounds.ts'
export type { AccessPlan, ChangePlan, CreatePlan, FilterPlan, GetPlan, ListPlan, ParentPlan, PositionPlan } from './plan.ts'
export { FieldReader, type FieldValues, type Naming, type ReadMode } from './read-fields.ts'
export type { ResourceOperations } from './resource-operations.ts'
export type { Seal } from './sealed-text.ts'
export type {
  ChangeResult,
  KeptAnswer,
  OnceKey,
  Operations,
  PrintedRecord,
  Store,
  StoredPage,
  StoredRecord,
  Transaction,
} from './store.ts'
export type {
  ChildrenPart,
  ConstantTree,
  EdgePart,
  FieldPart,
  Named,
  PageCursor,
  PageInfoPart,
  PagePart,
  PageRoot,
  PageTree,
  RecordKey,
  RecordPart,
  RecordRoot,
  RecordSelection,
  RecordsRoot,
  ReferencePart,
  TreeAnswer,
  TreeFailure,
  TreeInput,
  TreeRoot,
  TreeSpelling,
} from './tree.ts'
export {
  type ConstantPlan,
  CURSOR_MARK,
  type EdgePartPlan,
  type InfoPartPlan,
  type KeyPlan,
  type LevelPlan,
  type PageLevel,
  type PagePartPlan,
  type PartPlan,
  type RecordLevel,
  type RecordsLevel,
  type RootPlan,
  type TreePlan,
} from './tree-plan.ts'
export type { Change, ChangeKind, Watch, WatchContext, WatchInput } from './watch.ts'
export type { WatchLimits } from './watch-hub.ts'
