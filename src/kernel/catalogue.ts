/**
 * The error catalogue: for each code its status on every protocol, what causes it and what cures it.
 * One row here gives the HTTP status, the gRPC code, the OpenAPI entry and the page under `/docs/errors`.
 */

/** The canonical gRPC status codes that the catalogue uses. @see https://grpc.io/docs/guides/status-codes/ */
export type GrpcCode =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'ABORTED'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'

export interface CatalogueRow {
  readonly status: number
  readonly grpc: GrpcCode
  /** What a client is told when no more exact sentence is at hand. */
  readonly message: string
  readonly cause: string
  readonly cure: string
  /** Whether the same request may succeed later, unchanged. */
  readonly isRetryable: boolean
}

/** Every error that Plinth itself can answer. A domain adds its own refusals, always 422, in its actions. */
export const CATALOGUE = {
  AUTH_REQUIRED: {
    status: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'Sign in to do this',
    cause: 'The operation needs a caller who is known, and the request carried no access token.',
    cure: 'Send `Authorization: Bearer <access token>`.',
    isRetryable: false,
  },
  AUTH_TOKEN_INVALID: {
    status: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'The access token is not valid',
    cause: 'The token is malformed, signed by a key that this service does not know, or meant for another service.',
    cure: 'Get a new access token from the issuer of this service and send it unchanged.',
    isRetryable: false,
  },
  AUTH_TOKEN_EXPIRED: {
    status: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'The access token has expired',
    cause: 'Access tokens live for fifteen minutes at the most; this one is past its `exp`.',
    cure: 'Refresh the session, then repeat the request with the new access token.',
    isRetryable: false,
  },
  AUTH_CREDENTIALS_INVALID: {
    status: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'The name or the password is wrong',
    cause: 'No account has this name, or its password is another. Which of the two is not told.',
    cure: 'Check both, or reset the password under `/auth/password-resets`.',
    isRetryable: false,
  },
  AUTH_FACTOR_INVALID: {
    status: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'The second factor is wrong',
    cause: 'The code is wrong, was used before or has expired, or the passkey is not one of this account.',
    cure: 'Enter the next code of the authenticator app, or use a recovery code.',
    isRetryable: false,
  },
  AUTH_TICKET_INVALID: {
    status: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'The sign-in has to begin again',
    cause: 'The ticket between the first and the second factor is unknown, was used, has expired, or was tried too often.',
    cure: 'Sign in with the password again.',
    isRetryable: false,
  },
  AUTH_REFRESH_INVALID: {
    status: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'The refresh token is not valid',
    cause:
      'The refresh token is unknown, has expired or was used before, or its session has ended. A second use ends the session.',
    cure: 'Sign in again.',
    isRetryable: false,
  },
  AUTH_LINK_INVALID: {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    message: 'The link is not valid',
    cause: 'The link from the letter is unknown, was used, has expired, or a later one has replaced it.',
    cure: 'Ask for a new letter.',
    isRetryable: false,
  },
  AUTH_EMAIL_UNVERIFIED: {
    status: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'The e-mail address is not verified',
    cause: 'The account is new, and nobody has shown yet that its address is theirs.',
    cure: 'Follow the link in the letter, or ask for another under `/auth/email-verifications/requests`.',
    isRetryable: false,
  },
  AUTH_ACCOUNT_SUSPENDED: {
    status: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'The account is suspended',
    cause: 'An administrator has suspended the account.',
    cure: 'Ask an administrator.',
    isRetryable: false,
  },
  AUTH_STEP_UP_REQUIRED: {
    status: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'Show again who you are to do this',
    cause:
      'The operation needs a sign-in or a second factor that is newer than the one behind this token. `max_age` in `WWW-Authenticate` tells how many seconds old it may be.',
    cure: 'Prove a factor under `/auth/sessions/step-up`, then repeat the request with the access token that it gives.',
    isRetryable: false,
  },
  AUTH_CROSS_SITE: {
    status: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'The request comes from another site',
    cause:
      'The request came with a cookie, and not from a page of this service: `Sec-Fetch-Site` or `Origin` says so, or both are missing.',
    cure: 'Use a page of this service, or send an access token instead of a cookie.',
    isRetryable: false,
  },
  AUTH_FORBIDDEN: {
    status: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'You may not do this',
    cause: 'The token is good, and no policy permits its bearer to do this to this record.',
    cure: 'Ask an administrator for the role or permission, or act on a record of your own.',
    isRetryable: false,
  },
  AUTH_FIELD_FORBIDDEN: {
    status: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'You may not use this field',
    cause: 'A field of the request may be read or written by other roles only.',
    cure: 'Leave out the fields that `details` names.',
    isRetryable: false,
  },
  VALIDATION_FAILED: {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    message: 'The request is not valid',
    cause: 'A field, parameter or header has a wrong type, form or value, or a name that the operation does not know.',
    cure: 'Correct what `details` names; each entry says what was expected.',
    isRetryable: false,
  },
  VALIDATION_BODY_MALFORMED: {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    message: 'The body is not well-formed JSON',
    cause:
      'The body is not one JSON object in UTF-8, names a key twice, or nests too deep; over gRPC, its bytes are no message of the method.',
    cure: 'Send one JSON object, encoded as UTF-8, each key once; over gRPC, encode the message by its current .proto file.',
    isRetryable: false,
  },
  VALIDATION_BODY_TOO_LARGE: {
    status: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    message: 'The body is too large',
    cause: 'The body is longer than the operation accepts.',
    cure: 'Send less in one request.',
    isRetryable: false,
  },
  VALIDATION_CONTENT_TYPE: {
    status: 415,
    grpc: 'UNIMPLEMENTED',
    message: 'The content type is not supported',
    cause: 'The body came with a `Content-Type` other than `application/json`, or than the one that a form has.',
    cure: 'Send JSON, with `Content-Type: application/json`.',
    isRetryable: false,
  },
  VALIDATION_URL_TOO_LONG: {
    status: 414,
    grpc: 'INVALID_ARGUMENT',
    message: 'The URL is too long',
    cause: 'The URL is longer than this service reads.',
    cure: 'Use fewer or shorter filters.',
    isRetryable: false,
  },
  VALIDATION_HEADERS_TOO_LARGE: {
    status: 431,
    grpc: 'INVALID_ARGUMENT',
    message: 'The headers are too large',
    cause: 'The headers of the request are longer than this service reads.',
    cure: 'Send fewer or shorter headers.',
    isRetryable: false,
  },
  VALIDATION_REQUEST_TIMEOUT: {
    status: 408,
    grpc: 'DEADLINE_EXCEEDED',
    message: 'The request did not arrive in time',
    cause: 'The head or the body of the request came too slowly.',
    cure: 'Send the whole request at once, over a better connection.',
    isRetryable: false,
  },
  VALIDATION_METHOD_NOT_ALLOWED: {
    status: 405,
    grpc: 'UNIMPLEMENTED',
    message: 'The method is not allowed here',
    cause: 'The path exists, and it does not answer this HTTP method.',
    cure: 'Use one of the methods that the `Allow` header lists.',
    isRetryable: false,
  },
  VALIDATION_CURSOR: {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    message: 'The cursor is not valid',
    cause: 'The cursor was altered, comes from another list, or was made for another sort or filter.',
    cure: 'Follow `links.next` of the last answer, or start again without a cursor.',
    isRetryable: false,
  },
  VALIDATION_DOCUMENT: {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    message: 'The GraphQL document is not valid',
    cause: 'The document cannot be parsed, or asks for what the schema does not have.',
    cure: 'Correct the document at the place that `locations` names.',
    isRetryable: false,
  },
  VALIDATION_TOO_COMPLEX: {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    message: 'The GraphQL document asks for too much at once',
    cause: 'The document is longer, deeper or wider than the service answers, or its lists could hold too many records.',
    cure: 'Ask for smaller pages or fewer levels, or send several requests.',
    isRetryable: false,
  },
  NOT_FOUND_DOCUMENT: {
    status: 404,
    grpc: 'NOT_FOUND',
    message: 'There is no such document',
    cause: 'The service knows no GraphQL document by this id, or answers known documents only and was sent another one.',
    cure: 'Send the id of a document that was registered when the service was built.',
    isRetryable: false,
  },
  NOT_FOUND_ROUTE: {
    status: 404,
    grpc: 'UNIMPLEMENTED',
    message: 'There is nothing at this address',
    cause: 'No operation has this path.',
    cure: 'Look the path up in `/openapi.json` or `/docs`.',
    isRetryable: false,
  },
  NOT_FOUND_RECORD: {
    status: 404,
    grpc: 'NOT_FOUND',
    message: 'There is no such record',
    cause: 'The record does not exist, was deleted, or is not visible to the caller.',
    cure: 'Check the id, and that the caller may read the record.',
    isRetryable: false,
  },
  CONFLICT_DUPLICATE: {
    status: 409,
    grpc: 'ALREADY_EXISTS',
    message: 'A record with this value exists already',
    cause: 'A field that must be unique has a value that another record holds.',
    cure: 'Choose another value for the field that `details` names.',
    isRetryable: false,
  },
  CONFLICT_VERSION: {
    status: 409,
    grpc: 'ABORTED',
    message: 'The record has changed since it was read',
    cause: 'The version in `If-Match` is not the current one: somebody else wrote in between.',
    cure: 'Read the record again, apply the change to what it is now, and send its new `ETag` in `If-Match`.',
    isRetryable: false,
  },
  CONFLICT_REFERENCE: {
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    message: 'Another record depends on this one',
    cause: 'The change would leave a reference that points nowhere.',
    cure: 'Change or delete the records that refer to it first.',
    isRetryable: false,
  },
  CONFLICT_IN_PROGRESS: {
    status: 409,
    grpc: 'ABORTED',
    message: 'The same request is being worked on',
    cause: 'Another request with this `Idempotency-Key` has not finished, or a concurrent change to the same rows won.',
    cure: 'Wait a moment and send the same request again.',
    isRetryable: true,
  },
  CONFLICT_KEY_REUSED: {
    status: 422,
    grpc: 'FAILED_PRECONDITION',
    message: 'The idempotency key belongs to another request',
    cause: 'The `Idempotency-Key` was used before with another body.',
    cure: 'Use a new key for each new request.',
    isRetryable: false,
  },
  RATE_LIMIT_EXCEEDED: {
    status: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    message: 'Too many requests',
    cause: 'The caller has used up its share for now.',
    cure: 'Wait as long as `Retry-After` says.',
    isRetryable: true,
  },
  RATE_LIMIT_SIGN_IN: {
    status: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    message: 'Too many attempts to sign in',
    cause:
      'Sign-in failed too often in a row for this name, from this address, or with this second factor. The wait grows with each failure.',
    cure: 'Wait as long as `Retry-After` says; the account itself is not harmed.',
    isRetryable: true,
  },
  RATE_LIMIT_OVERLOADED: {
    status: 503,
    grpc: 'UNAVAILABLE',
    message: 'The service is busy',
    cause: 'More requests are under way than this instance can serve in time, or it is stopping.',
    cure: 'Wait as long as `Retry-After` says.',
    isRetryable: true,
  },
  INTERNAL_ERROR: {
    status: 500,
    grpc: 'INTERNAL',
    message: 'Something went wrong on our side',
    cause: 'An error that nobody foresaw. The log has it under the `request_id`.',
    cure: 'Report the `request_id`.',
    isRetryable: false,
  },
  DEPENDENCY_UNAVAILABLE: {
    status: 503,
    grpc: 'UNAVAILABLE',
    message: 'A part that this service needs is away',
    cause: 'The database, or another server that the operation needs, does not answer.',
    cure: 'Wait as long as `Retry-After` says.',
    isRetryable: true,
  },
  DEPENDENCY_TIMEOUT: {
    status: 503,
    grpc: 'DEADLINE_EXCEEDED',
    message: 'The request took too long',
    cause: 'A part that this service needs did not finish before the deadline; the work was stopped.',
    cure: 'Ask for less at once, or wait as long as `Retry-After` says.',
    isRetryable: true,
  },
} as const satisfies Record<string, CatalogueRow>

export type ErrorCode = keyof typeof CATALOGUE

/** The families that every code, a domain's own included, begins with. */
export const ERROR_FAMILIES = ['AUTH', 'VALIDATION', 'NOT_FOUND', 'CONFLICT', 'RATE_LIMIT', 'INTERNAL', 'DEPENDENCY'] as const

/** The status of a refusal by a domain rule: a request that is well-formed, permitted and against the rules. */
export const REFUSAL_STATUS = 422
export const REFUSAL_GRPC: GrpcCode = 'FAILED_PRECONDITION'
