/**
 * The table of routes: which operation of which resource answers which method and path. Derived from the domain alone, and read
 * by all who need it: the server that mounts them, the OpenAPI document, the list of routes.
 */
import { toPascalCase, toSnakeCase } from '../kernel/index.ts'
import { type ActionModel, type ChildModel, type Domain, isOffered, type ResourceModel } from '../model/index.ts'

const BASE_PATH = '/api/v1'

export type RouteKind = 'list' | 'get' | 'create' | 'update' | 'replace' | 'delete' | 'restore' | 'act'

export interface RestRoute {
  readonly kind: RouteKind
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** With parameters as the server spells them: `/api/v1/users/:id/posts/:post_id`. */
  readonly path: string
  /** The label in log and metrics: `posts.get`, `users.posts.list`. */
  readonly operation: string
  /** In the OpenAPI document: `getPost`, `listUserPosts`. */
  readonly operationId: string
  /** What the operation works on; for a nested route the child. */
  readonly resource: ResourceModel
  /** The parameter with the record's id; undefined for collections. */
  readonly idParameter: string | undefined
  readonly nesting: Nesting | undefined
  readonly action: ActionModel | undefined
}

/** Set on a nested route: the collection of a parent, whose id is the parameter `id`. */
export interface Nesting {
  readonly parent: ResourceModel
  readonly child: ChildModel
}

/** The parameter that names the record of the first segment. */
export const PARENT_PARAMETER = 'id'

/** All routes of a domain, in the order of the declaration. An operation that no rule permits has none. */
export function restRoutes(domain: Domain): readonly RestRoute[] {
  return domain.resources.flatMap((resource) => [
    ...recordRoutes(resource, undefined),
    ...extraRoutes(resource),
    ...resource.children.flatMap((child) => recordRoutes(child.resource, { parent: resource, child })),
  ])
}

/** Whether the route takes a body, and whether one must come: for the server that reads it and the document that says so. */
export function bodyMode({ kind, action }: RestRoute): 'json' | 'optional' | 'none' {
  switch (kind) {
    case 'create':
    case 'update':
    case 'replace':
      return 'json'
    case 'restore':
      return 'optional'
    case 'act':
      return action?.input.some((field) => field.rules.input === 'required') === true ? 'json' : 'optional'
    case 'list':
    case 'get':
    case 'delete':
      return 'none'
  }
}

/** `Blog API`: what people read above the reference and the document. */
export function serviceTitle({ name }: Domain): string {
  return `${toPascalCase(name).replaceAll('-', ' ')} API`
}

/** The address of a record, whichever path led to it. */
export function recordPath(resource: ResourceModel): string {
  return `${BASE_PATH}/${resource.segment}`
}

function recordRoutes(resource: ResourceModel, nesting: Nesting | undefined): readonly RestRoute[] {
  const collection =
    nesting === undefined ? recordPath(resource) : `${recordPath(nesting.parent)}/:${PARENT_PARAMETER}/${nesting.child.segment}`
  const idParameter = nesting === undefined ? 'id' : `${toSnakeCase(resource.name)}_id`
  const record = `${collection}/:${idParameter}`
  const label = nesting === undefined ? resource.plural : `${nesting.parent.plural}.${nesting.child.name}`
  const owner = nesting?.parent.typeName ?? ''
  const singular = `${owner}${resource.typeName}`
  const plural = nesting === undefined ? toPascalCase(resource.plural) : `${owner}${toPascalCase(nesting.child.name)}`

  const onCollection = { path: collection, resource, idParameter: undefined, nesting, action: undefined }
  const onRecord = { path: record, resource, idParameter, nesting, action: undefined }
  // A parent that only the service may set cannot come from a path either.
  const canCreate = isOffered(resource, 'create') && nesting?.child.by.rules.input !== 'none'
  const routes: readonly (RestRoute | false)[] = [
    isOffered(resource, 'read') && {
      kind: 'list',
      method: 'GET',
      operation: `${label}.list`,
      operationId: `list${plural}`,
      ...onCollection,
    },
    canCreate && {
      kind: 'create',
      method: 'POST',
      operation: `${label}.create`,
      operationId: `create${singular}`,
      ...onCollection,
    },
    isOffered(resource, 'read') && {
      kind: 'get',
      method: 'GET',
      operation: `${label}.get`,
      operationId: `get${singular}`,
      ...onRecord,
    },
    isOffered(resource, 'update') && {
      kind: 'update',
      method: 'PATCH',
      operation: `${label}.update`,
      operationId: `update${singular}`,
      ...onRecord,
    },
    isOffered(resource, 'update') && {
      kind: 'replace',
      method: 'PUT',
      operation: `${label}.replace`,
      operationId: `replace${singular}`,
      ...onRecord,
    },
    isOffered(resource, 'delete') && {
      kind: 'delete',
      method: 'DELETE',
      operation: `${label}.delete`,
      operationId: `delete${singular}`,
      ...onRecord,
    },
  ]
  return routes.filter((route) => route !== false)
}

/** What only the record's own address offers: to bring it back, and the actions of the domain. */
function extraRoutes(resource: ResourceModel): readonly RestRoute[] {
  const record = `${recordPath(resource)}/:id`
  const shared = { method: 'POST', resource, idParameter: 'id', nesting: undefined } as const
  const actions = resource.actions.filter((action) => isOffered(resource, action.verb))
  return [
    ...(isOffered(resource, 'restore')
      ? [
          {
            ...shared,
            kind: 'restore',
            path: `${record}/restore`,
            operation: `${resource.plural}.restore`,
            operationId: `restore${resource.typeName}`,
            action: undefined,
          } as const,
        ]
      : []),
    ...actions.map((action) => ({
      ...shared,
      kind: 'act' as const,
      path: `${record}/${action.segment}`,
      operation: `${resource.plural}.${action.name}`,
      operationId: `${action.name}${resource.typeName}`,
      action,
    })),
  ]
}
