/** Reads the URL of an SMTP server: where it is, who we are to it, and whether the connection must be encrypted. */

export interface SmtpServer {
  readonly host: string
  readonly port: number
  readonly auth: { readonly user: string; readonly pass: string } | undefined
  /** `implicit`: encrypted from the first byte; `starttls`: before anything is said; `off`: never. */
  readonly encryption: 'implicit' | 'starttls' | 'off'
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]']

/**
 * `smtps://` is port 465, `smtp://` is port 587 unless it is told. Encryption is required but for this machine; `?tls=off` and
 * `?tls=required` say otherwise.
 *
 * @throws with a sentence that does not hold the URL: its password would get into the log
 */
export function readSmtpUrl(url: string): SmtpServer {
  const { protocol, hostname, port, username, password, searchParams, pathname } = parse(url)
  const tls = searchParams.get('tls')
  if ([...searchParams.keys()].some((name) => name !== 'tls') || ![null, 'off', 'required'].includes(tls))
    throw wrong('the only parameter is tls, expected ?tls=off or ?tls=required')
  if (hostname === '' || !['', '/'].includes(pathname)) throw wrong('it has no host or more than a host')
  if ((username === '') !== (password === '')) throw wrong('it has a user or a password alone, expected both or none')
  const isImplicit = protocol === 'smtps:'
  if (isImplicit && tls === 'off') throw wrong('smtps is encrypted from its first byte, expected smtp where ?tls=off is wanted')
  const isOff = tls === 'off' || (tls === null && LOCAL_HOSTS.includes(hostname))
  return {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? (isImplicit ? 465 : 587) : Number(port),
    auth: username === '' ? undefined : { user: decode(username), pass: decode(password) },
    encryption: isImplicit ? 'implicit' : isOff ? 'off' : 'starttls',
  }
}

function parse(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'smtp:' || parsed?.protocol === 'smtps:') return parsed
  throw wrong('it is no URL of a mail server')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw wrong('a % in its user or password does not begin a code, expected %25 for the sign itself', { cause })
  }
}

function wrong(reason: string, options?: ErrorOptions): Error {
  return new Error(
    `Cannot use the URL of the mail server: ${reason}; one such as smtps://user:password@mail.example.com works`,
    options,
  )
}
