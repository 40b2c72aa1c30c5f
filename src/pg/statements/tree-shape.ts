/** Names the shape of a tree: trees of one shape have one statement, and differ in bound values only. */
import type {
  EdgePartPlan,
  InfoPartPlan,
  KeyPlan,
  PageLevel,
  PagePartPlan,
  PartPlan,
  RecordLevel,
  RootPlan,
  TreePlan,
} from '../../engine/index.ts'
import { selectionShape } from './selection.ts'
import { isWholeWalk, walkMax } from './tree-page.ts'

export function treeShape({ roots, spelling }: TreePlan): string {
  let shape = JSON.stringify(spelling.name)
  for (const root of roots) shape += rootShape(root)
  return shape
}

function rootShape(root: RootPlan): string {
  const key = keyShape(root.key)
  switch (root.kind) {
    case 'constant':
      return `${key}=${JSON.stringify(root.value)}`
    case 'record':
      return `${key}${recordShape(root.level)}`
    case 'records':
      return `${key}${root.level.number}(${root.level.choices.map(recordShape).join('')})`
    case 'page':
      return `${key}${pageShape(root.level)}`
  }
}

function recordShape({ number, resource, read, select }: RecordLevel): string {
  return `${number}.${resource.name}:${read.rules}${partsShape(select)}`
}

function pageShape(level: PageLevel): string {
  const { number, resource, read, by, isFromEnd } = level
  const rules = `${read.access.verb}:${read.rules}`
  const select = level.select.map(pagePartShape).join('')
  return `${number}.${resource.name}:${rules}:${by?.position ?? ''}|${selectionShape(level)}|${walkMax(level)}${isWholeWalk(level) ? '!' : ''}|${isFromEnd}[${select}]`
}

function partsShape(parts: readonly PartPlan[]): string {
  let shape = '{'
  for (const part of parts) shape += partShape(part)
  return `${shape}}`
}

function partShape(part: PartPlan): string {
  const key = keyShape(part.key)
  switch (part.kind) {
    case 'constant':
      return `${key}=${JSON.stringify(part.value)}`
    case 'field':
      return `${key}${part.field.position}`
    case 'reference':
      return `${key}>${part.by.position}${recordShape(part.level)}`
    case 'children':
      return `${key}*${pageShape(part.level)}`
  }
}

function pagePartShape(part: PagePartPlan): string {
  const key = keyShape(part.key)
  switch (part.kind) {
    case 'constant':
      return `${key}=${JSON.stringify(part.value)}`
    case 'total':
      return `${key}total`
    case 'records':
      return `${key}records${partsShape(part.select)}`
    case 'edges':
      return `${key}edges[${part.select.map(edgePartShape).join('')}]`
    case 'info':
      return `${key}info[${part.select.map(infoPartShape).join('')}]`
  }
}

function edgePartShape(part: EdgePartPlan): string {
  const key = keyShape(part.key)
  switch (part.kind) {
    case 'constant':
      return `${key}=${JSON.stringify(part.value)}`
    case 'cursor':
      return `${key}cursor`
    case 'record':
      return `${key}record${partsShape(part.select)}`
  }
}

function infoPartShape(part: InfoPartPlan): string {
  return `${keyShape(part.key)}${part.kind === 'constant' ? `=${JSON.stringify(part.value)}` : part.kind}`
}

/** In quotes, so that no name can pass for another part of the shape. */
function keyShape(key: KeyPlan): string {
  return typeof key === 'number' ? `,$${key}:` : `,${JSON.stringify(key)}:`
}
