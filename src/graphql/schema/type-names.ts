/**
 * Keeps the names of a schema apart: all types share one space of names, and the fields of a type another. The names are derived, so two that
 * meet are a matter of the declaration, and the sentence says which two parts of it to look at.
 */
import type { GraphQLFieldConfig, GraphQLNamedType } from 'graphql'
import { DeclarationError } from '../../model/index.ts'

/** A part of the declaration, in the words of a person: `resource "post", field "status"`. */
export type Place = string

export class TypeNames {
  readonly #domain: string
  readonly #types = new Map<string, { readonly place: Place; readonly type: GraphQLNamedType }>()

  /** @param builtIn types that every schema has */
  constructor(domain: string, builtIn: readonly GraphQLNamedType[]) {
    this.#domain = domain
    for (const type of builtIn) this.#types.set(type.name, { place: 'every schema', type })
  }

  /**
   * Makes a type the first time that a place asks for it, and gives the same one after.
   *
   * @throws `DeclarationError` when another place has a type of this name
   */
  define<Type extends GraphQLNamedType>(name: string, place: Place, make: () => Type): Type {
    const known = this.#types.get(name)
    if (known !== undefined) {
      if (known.place !== place) throw taken(this.#domain, place, `its GraphQL type "${name}"`, known.place)
      // One place makes one kind of type under one name.
      return known.type as Type
    }
    const type = make()
    this.#types.set(name, { place, type })
    return type
  }

  /** A table for the fields of one type. */
  fields(type: string): FieldTable {
    return new FieldTable(this.#domain, type)
  }
}

/** The fields of one type, in their order. */
export class FieldTable {
  readonly #domain: string
  readonly #type: string
  readonly #places = new Map<string, Place>()
  readonly #configs: Record<string, GraphQLFieldConfig<unknown, unknown>> = {}

  constructor(domain: string, type: string) {
    this.#domain = domain
    this.#type = type
  }

  /** @throws `DeclarationError` when another place has a field of this name */
  add(name: string, place: Place, config: GraphQLFieldConfig<unknown, unknown>): void {
    const known = this.#places.get(name)
    if (known !== undefined) throw taken(this.#domain, place, `its GraphQL field "${this.#type}.${name}"`, known)
    this.#places.set(name, place)
    this.#configs[name] = config
  }

  get configs(): Readonly<Record<string, GraphQLFieldConfig<unknown, unknown>>> {
    return this.#configs
  }

  get isEmpty(): boolean {
    return this.#places.size === 0
  }
}

export function taken(domain: string, place: Place, what: string, by: Place): DeclarationError {
  return new DeclarationError(domain, [
    { where: place, what: `${what} is taken by ${by}`, mend: 'Give one of the two another name.' },
  ])
}
