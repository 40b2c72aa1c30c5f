/**
 * Says what is wrong with variables that the schema has refused, and where: each finding names its place in the request, as the findings of
 * REST do. Looked at only then: the coercion of graphql-js, which decides, tells places in its sentences alone.
 */
import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql'
import { type ErrorDetail, NAME_SHOWN_MAX, shorten } from '../../kernel/index.ts'
import { isMap } from '../is-map.ts'
import type { VariableValues } from './complexity.ts'
import { FINDINGS_MAX, MESSAGE_LENGTH_MAX } from './limits.ts'

/** A finding, and the definition of the variable that it is about. */
export interface VariableMisfit {
  readonly detail: ErrorDetail
  readonly definition: VariableDefinitionNode
}

type Path = readonly (string | number)[]

interface Search {
  readonly isOpen: boolean
  find(path: Path, code: string, message: string): void
}

/**
 * @param given variables as they came
 * @param isOpen whether a misspelt word is told what it could mean
 */
export function findMisfits(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  given: VariableValues,
  isOpen: boolean,
): readonly VariableMisfit[] {
  const misfits: VariableMisfit[] = []
  for (const definition of definitions) {
    const { name } = definition.variable
    const type = typeFromAST(schema, definition.type)
    // Validation has found every type that may not come in.
    if (!isInputType(type)) continue
    const find: Search['find'] = (path, code, message) => {
      if (misfits.length === FINDINGS_MAX) return
      const field = path.map((step) => shorten(String(step), NAME_SHOWN_MAX)).join('.')
      misfits.push({ definition, detail: { field, code, message: shorten(`${field} ${message}`, MESSAGE_LENGTH_MAX) } })
    }
    const path = ['variables', name.value]
    if (Object.hasOwn(given, name.value)) judge(given[name.value], type, path, { isOpen, find })
    else if (definition.defaultValue === undefined && isNonNullType(type)) find(path, 'required', 'is required')
  }
  return misfits
}

function judge(value: unknown, type: GraphQLInputType, path: Path, search: Search): void {
  if (isNonNullType(type)) {
    if (value === null || value === undefined) search.find(path, 'null', 'must not be null')
    else judge(value, type.ofType, path, search)
  } else if (value === null || value === undefined) {
    return
  } else if (isListType(type)) {
    // One value alone stands for a list of it.
    if (!Array.isArray(value)) judge(value, type.ofType, path, search)
    else for (const [at, item] of value.entries()) judge(item, type.ofType, [...path, at], search)
  } else if (isInputObjectType(type)) {
    judgeObject(value, type, path, search)
  } else {
    judgeLeaf(value, type, path, search)
  }
}

function judgeObject(value: unknown, type: GraphQLInputObjectType, path: Path, search: Search): void {
  if (!isMap(value)) {
    search.find(path, 'type', 'must be an object')
    return
  }
  const fields = type.getFields()
  for (const field of Object.values(fields)) {
    const inner = value[field.name]
    if (inner !== undefined) judge(inner, field.type, [...path, field.name], search)
    else if (isRequiredInputField(field)) search.find([...path, field.name], 'required', 'is required')
  }
  for (const name of Object.keys(value))
    if (!Object.hasOwn(fields, name)) search.find([...path, name], 'unknown', `is not a field of ${type.name}`)
}

function judgeLeaf(value: unknown, type: GraphQLLeafType, path: Path, { isOpen, find }: Search): void {
  try {
    if (isEnumType(type)) type.parseValue(value, !isOpen)
    else type.parseValue(value)
  } catch (error) {
    // Whatever a scalar throws says what it wants.
    find(path, isEnumType(type) ? 'choice' : 'type', `does not fit: ${error instanceof Error ? error.message : String(error)}`)
  }
}
