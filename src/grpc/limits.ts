/** Every bound that the server of gRPC puts on a caller, with the source of each number. Those of HTTP that fit are the same. */

/** Longest message, also when it is unpacked: as long as a body over HTTP. */
export const MESSAGE_BYTES_MAX = 1_048_576
/** Calls of one connection at once: the least that RFC 9113 recommends, and what grpc-go and nginx take. */
export const STREAMS_MAX = 100
/** Connections at once; each costs some 100 KiB, ten times one of HTTP/1. */
export const CONNECTIONS_MAX = 2_048
/** A connection is told to go after so long, so that callers spread over new instances and streams meet their end while somebody looks. */
export const CONNECTION_AGE_MS = 30 * 60_000
/** What is under way on a connection that was told to go gets as long as a request over HTTP. */
export const CONNECTION_AGE_GRACE_MS = 30_000
/** Longer than the 60 s of the usual balancers, as over HTTP. */
export const CONNECTION_IDLE_MS = 5 * 60_000
/** Half of the 60 s after which the usual balancers take a silent connection for dead. */
export const KEEP_ALIVE_MS = 25_000
/** How long the other side has to answer a ping: grpc-go's default. */
export const KEEP_ALIVE_TIMEOUT_MS = 20_000
/** A connection that has not called anything yet: a client that opens one in time for its first call. */
export const CONNECTION_SILENT_MS = 60_000
/** How long the message of a call may take to come: as long as a request over HTTP. */
export const MESSAGE_TIMEOUT_MS = 30_000
/** How often connections and calls are looked at for the times above. */
export const LOOK_EVERY_MS = 1_000
/** All lines of a call's head, and how many: as over HTTP. */
export const HEAD_BYTES_MAX = 16_384
export const HEAD_LINES_MAX = 100
/** A handshake of TLS takes a few round trips. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
/** Balancers that watch the health of this process; each has a few. */
export const HEALTH_WATCHES_MAX = 200
/** What one connection may hold in memory, in MB: room for its calls' messages at a usual size. Node's default is 10. */
export const SESSION_MEMORY_MB = 10
