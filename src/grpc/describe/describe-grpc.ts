/** Describes a domain in protobuf: files, descriptors, and beside each method what it means. Pure: reads and writes no files. */
import type { DescMethod, FileRegistry } from '@bufbuild/protobuf'
import { DeclarationError, type Domain } from '../../model/index.ts'
import { type ProtoLock, renderLock } from '../lock.ts'
import { findClashes } from './clashes.ts'
import { buildRegistry } from './descriptors.ts'
import type { MethodMeaning, NumberedFile } from './draft.ts'
import { draftResource } from './draft-resource.ts'
import { numberFiles } from './number.ts'

/** A method of a service, with what it does in the words of the model. */
export type GrpcMethod = MethodMeaning & {
  readonly descMethod: DescMethod
  /** The label in log and metrics, the same on all surfaces: `posts.get`. */
  readonly operation: string
}

export interface GrpcDescription {
  readonly files: readonly NumberedFile[]
  /** The descriptors of all files, with those of Google's that they import. */
  readonly registry: FileRegistry
  /** Service by service, in the order of the declaration. */
  readonly methods: readonly GrpcMethod[]
  /** The lock as it is to be kept. */
  readonly lock: ProtoLock
  /** Whether the lock that was given says the same already. */
  readonly isLocked: boolean
}

/**
 * Describes a domain in protobuf.
 *
 * @param lock the numbers that were given before; what is new gets the next free ones
 * @throws `DeclarationError` where two names meet, a name that was given up comes back, or a field has changed its type
 * @example
 * const { registry, methods } = describeGrpc(blog, readLock(await readFile('proto.lock.json', 'utf8')))
 * registry.getMessage('post.v1.Post')
 */
export function describeGrpc(domain: Domain, lock: ProtoLock): GrpcDescription {
  const drafts = domain.resources.map(draftResource).filter((draft) => draft !== undefined)
  const clashes = drafts.flatMap(findClashes)
  if (clashes.length > 0) throw new DeclarationError(domain.name, clashes)
  const numbering = numberFiles(drafts, lock)
  if (numbering.problems.length > 0) throw new DeclarationError(domain.name, numbering.problems)

  const { files } = numbering
  const registry = buildRegistry(files)
  return Object.freeze({
    files,
    registry,
    methods: files.flatMap((file) => describeMethods(file, registry)),
    lock: numbering.lock,
    isLocked: renderLock(lock) === renderLock(numbering.lock),
  })
}

function operationName(meaning: MethodMeaning): string {
  switch (meaning.kind) {
    case 'act':
      return meaning.action.name
    case 'exchange':
      return meaning.exchange.name
    default:
      return meaning.kind
  }
}

function describeMethods(file: NumberedFile, registry: FileRegistry): readonly GrpcMethod[] {
  const service = registry.getService(`${file.package}.${file.service}`)
  return file.methods.map(({ name, meaning }) => {
    const descMethod = service?.methods.find((method) => method.name === name)
    if (descMethod === undefined) throw new TypeError(`Cannot find ${file.service}/${name}, expected it where it was just put`)
    return { ...meaning, descMethod, operation: `${meaning.resource.plural}.${operationName(meaning)}` }
  })
}
