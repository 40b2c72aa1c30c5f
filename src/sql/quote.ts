/** The only two ways in which text of our own becomes SQL: as an identifier and as a literal. Client input is always bound. */

/** `"posts"`: quoted always, so that no name is a keyword. */
export function identifier(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new TypeError(`Cannot quote identifier ${JSON.stringify(name)}: it is empty or holds NUL, expected a name`)
  return `"${name.replaceAll('"', '""')}"`
}

/** A constant of the declaration as a literal, so that the planner knows it and partial indexes serve it. */
export function literal(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`Cannot print ${value} as SQL: it is not finite, expected a number`)
    // `-1::integer` means `-(1::integer)`, and the least integer has no positive twin.
    return value < 0 ? `(${value})` : String(value)
  }
  if (value.includes('\0')) throw new TypeError('Cannot print text as SQL: it holds NUL, which PostgreSQL does not store')
  // A backslash means nothing in a standard string, whatever a server's settings are, once it is spelt E'…'.
  return value.includes('\\') ? `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${value.replaceAll("'", "''")}'`
}
