/** Ids of records as the yardstick of GraphQL prints them: as cheap as an opaque id can be made. */

/** Base64 of `usr_` and the UUID as text. */
export function globalId(prefix: string, uuid: string): string {
  return Buffer.from(`${prefix}_${uuid}`, 'latin1').toString('base64')
}
