/** Finds a field that the code of the service names: one that is not there is a mistake of that code, not of a caller. */
import type { FieldModel, ResourceModel } from '../model/index.ts'

/** @throws TypeError with the names that exist */
export function fieldNamed(model: ResourceModel, name: string): FieldModel {
  const field = model.fieldsByName.get(name)
  if (field === undefined) {
    throw new TypeError(
      `Cannot find field "${name}" of ${model.name}, expected one of ${[...model.fieldsByName.keys()].join(', ')}`,
    )
  }
  return field
}
