/** Marks a type so that values that look alike cannot be mixed. */
declare const brand: unique symbol

/** `Brand<string, 'Cursor'>` is a string that only the code which makes cursors can make. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }
