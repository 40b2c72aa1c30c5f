/** Every bound that the server puts on a caller, with the source of each number. */

/** Longest body, unless the route says otherwise: nginx's and Fastify's default, 1 MiB. */
export const BODY_BYTES_MAX = 1_048_576
/** Pieces that a body may come in: each costs as much as a kilobyte. A body of the size above in packets of 64 bytes has as many. */
export const BODY_PIECES_MAX = 16_384
/** All headers and the request line: Node's default. */
export const HEADER_BYTES_MAX = 16_384
/** A browser sends about 20 headers and proxies add some; a hundred is Apache's default. */
export const HEADER_COUNT_MAX = 100
/** Apache's and nginx's default for a request line. */
export const URL_LENGTH_MAX = 8_192
/** A TypeID with the longest prefix that its specification allows (63) is 90 characters. */
export const PARAM_LENGTH_MAX = 100
/** More filters than any list declares. */
export const QUERY_PARAMETERS_MAX = 64
/** Deeper than any document that a person wrote; shallow enough for recursion in all that follows. */
export const JSON_DEPTH_MAX = 32
/** A client that is slower than this with its headers is a slowloris. */
export const HEADERS_TIMEOUT_MS = 10_000
/** Headers and body together: 1 MiB at 35 kB/s. */
export const REQUEST_TIMEOUT_MS = 30_000
/** How often Node looks for connections past the two limits above; its default of 30 s would treble them. */
export const TIMEOUT_CHECK_MS = 2_000
/** Longer than the 60 s of the usual balancers, so that it is they who close: otherwise a request meets a closing connection. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000
/** Ten thousand idle connections and room for real ones; each costs about 10 KiB. */
export const CONNECTIONS_MAX = 16_384
/** Requests under way at once. At 1 ms of CPU each, the last in line waits a second: more would only be late. */
export const REQUESTS_IN_FLIGHT_MAX = 1_000
/** How often the clock in the event loop beats while there are requests: often enough to tell 30 ms from 40. */
export const LOOP_BEAT_MS = 10
/**
 * A beat that is later than this is late. With the beat it is the time in which a turn of a loop that lacks CPU admits requests: what they
 * cost later is about as much again, and a probe of health that comes at the worst moment still has its answer in some 100 ms.
 * Less would refuse two hundred callers whom a busy process can serve within 50 ms each.
 */
export const LOOP_LATE_MS = 30
/** How much longer the loop must have been late than punctual before anybody is refused: pauses of the collector and bursts are shorter. */
export const LOOP_DEBT_MS = 300
/** With fewer under way there is no crowd: it is the work of one that is long, and to refuse another would not shorten it. */
export const LOOP_REQUESTS_MIN = 32
/** What a caller is given before its work is stopped: the database's own bound. */
export const REQUEST_BUDGET_MS = 30_000
/** How long a refused upload may keep its connection, so that the client can read why. */
export const LINGER_MS = 1_000
/** A balancer, a proxy and a mesh are three; who sends more writes them. */
export const FORWARDED_HOPS_MAX = 16
/** How much wider an address and a client are limited than an account: ten people behind one address who all use their share. */
export const RATE_LIMIT_CEILING = 10
/** A store of rate limits over a network answers in a millisecond; a request does not wait longer than this for it. */
export const RATE_LIMIT_WAIT_MS = 250
