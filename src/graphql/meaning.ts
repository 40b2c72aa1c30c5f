/**
 * What each field of the GraphQL schema means in the words of the model. The derivation of the schema writes it beside the field; whoever plans or
 * runs a document reads it there, and never guesses from a name.
 */
import type { GraphQLField } from 'graphql'
import type { ActionModel, ChildModel, FieldModel, ReferenceModel, ResourceModel } from '../model/index.ts'

export type FieldMeaning =
  // Of Query.
  | { readonly kind: 'get'; readonly resource: ResourceModel }
  | { readonly kind: 'list'; readonly resource: ResourceModel }
  | { readonly kind: 'node' | 'nodes' }
  // Of a record.
  | { readonly kind: 'field'; readonly field: FieldModel }
  | { readonly kind: 'reference'; readonly reference: ReferenceModel }
  | { readonly kind: 'children'; readonly child: ChildModel }
  // Of a connection, an edge, a PageInfo.
  | { readonly kind: 'edges' | 'records' | 'info' | 'total' }
  | { readonly kind: 'cursor' | 'record' }
  | { readonly kind: 'hasNext' | 'hasPrevious' | 'firstCursor' | 'lastCursor' }
  // Of Mutation.
  | { readonly kind: 'create' | 'update' | 'replace' | 'delete' | 'restore'; readonly resource: ResourceModel }
  | { readonly kind: 'act'; readonly resource: ResourceModel; readonly action: ActionModel }
  // Of a payload: the record, and the expected failures.
  | { readonly kind: 'changed'; readonly resource: ResourceModel }
  | { readonly kind: 'errors' }
  // Of Subscription.
  | { readonly kind: 'watch'; readonly resource: ResourceModel; readonly change: 'created' | 'updated' | 'deleted' }

declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    /** Absent where graphql-js answers by itself: `__typename`, introspection, fields of a UserError. */
    readonly meaning?: FieldMeaning
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the source and the context of a schema's fields are of no concern here.
export function meaningOf(field: GraphQLField<any, any>): FieldMeaning | undefined {
  return field.extensions.meaning
}
