/**
 * What every request must be, whatever its route: one Host, a path as target, not too many headers; and over the
 * loopback interface a host and an origin that are this server's.
 *
 * Why the latter: a web page that somebody opens may make its own name stand for 127.0.0.1, and would then speak to
 * a server that lets everybody on this machine in (DNS rebinding). The browser tells the truth in both headers.
 */
import type { IncomingMessage } from 'node:http'
import { HEADERS_MAX, URL_BYTES_MAX } from './http-options.ts'
import { HttpProblem } from './problem-document.ts'

/** REQUEST_INVALID. */
export function checkForm({ url = '', httpVersion, rawHeaders }: IncomingMessage): void {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length
  if (hosts > 1) throw invalid('There is more than one header `Host`.')
  if (hosts === 0 && httpVersion === '1.1') throw invalid('The header `Host` is missing.')
  if (rawHeaders.length / 2 > HEADERS_MAX) {
    throw invalid(`There are more than ${HEADERS_MAX} headers.`, 431)
  }
  if (url.length > URL_BYTES_MAX) {
    throw invalid(
      `The path and its parameters have more than ${URL_BYTES_MAX} bytes; send them as a form.`,
      414,
    )
  }
  if (!url.startsWith('/') && url !== '*') throw invalid('The target must be a path, as in `GET /health`.')
}

function invalid(detail: string, status = 400): HttpProblem {
  return new HttpProblem('REQUEST_INVALID', detail, { status })
}

const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]']

export interface OriginRules {
  readonly hostNames: readonly string[]
  readonly corsOrigins: readonly string[]
}

/** Of a request that came over the loopback interface. ORIGIN_REFUSED. */
export function checkOrigin({ headers }: IncomingMessage, rules: OriginRules): void {
  const { host, origin } = headers
  if (host !== undefined && !isOwnName(nameOf(host), rules.hostNames)) {
    throw new HttpProblem(
      'ORIGIN_REFUSED',
      'The header `Host` names another host: use localhost or 127.0.0.1, or configure the name in `http.hostNames`.',
    )
  }
  if (origin !== undefined && !isOwnOrigin(origin, host, rules.corsOrigins)) {
    throw new HttpProblem(
      'ORIGIN_REFUSED',
      'The request comes from the page of another server: configure its origin in `http.corsOrigins`.',
    )
  }
}

/** Without the port. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase()
}

function isOwnName(name: string, hostNames: readonly string[]): boolean {
  return LOCAL_NAMES.includes(name) || hostNames.some((own) => own.toLowerCase() === name)
}

function isOwnOrigin(origin: string, host: string | undefined, corsOrigins: readonly string[]): boolean {
  if (corsOrigins.includes('*') || corsOrigins.includes(origin)) return true
  if (host === undefined) return false
  const own = URL.parse(`http://${host}`)?.host
  return own !== undefined && URL.parse(origin)?.host === own
}
