/** Every bound on a web socket, with the source of each number. */

/** Longest message, all its frames together: the longest GraphQL document. */
export const MESSAGE_BYTES_MAX = 65_536
/** Frames of one message; a client that splits a message of the size above does so into a few. */
export const FRAGMENTS_MAX = 64
/** What may wait for a client that does not read: the longest page of a list. Above it the socket is closed. */
export const BUFFERED_BYTES_MAX = 1_048_576
/** Sockets of one address; an office behind one address has a few for each desk. */
export const SOCKETS_PER_ADDRESS_MAX = 200
/** Answers of one address that go on: for the same office, without sockets. */
export const STREAMS_PER_ADDRESS_MAX = 200
/** Half of the 60 s after which the usual balancers take a silent connection for dead. */
export const KEEP_ALIVE_MS = 25_000
/** How long the other side has to answer that the socket is closed. */
export const CLOSE_MS = 1_000
