/** Reads forms of people, and changes one field of a form that the library reads itself. */
import { type Pairs, readFormBody } from '../http/index.ts'
import { PlinthError } from '../kernel/index.ts'

const TYPE = /^application\/x-www-form-urlencoded(?:\s*;\s*charset=utf-8)?$/i

/** @throws `VALIDATION_CONTENT_TYPE`, `VALIDATION_FAILED` */
export function readForm(type: string | undefined, bytes: Buffer): Pairs {
  if (type === undefined || !TYPE.test(type))
    throw new PlinthError('VALIDATION_CONTENT_TYPE', 'Cannot read the form: expected "application/x-www-form-urlencoded"')
  return readFormBody(bytes)
}

/** Writes a form back, with one field changed. */
export function rewriteForm(bytes: Buffer, field: string, change: (value: string) => string): Buffer {
  const form = new URLSearchParams()
  for (const [name, value] of new URLSearchParams(bytes.toString('utf8')))
    form.append(name, name === field ? change(value) : value)
  return Buffer.from(form.toString())
}
