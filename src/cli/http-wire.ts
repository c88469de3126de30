/** What all HTTP clients of the command line do alike on the wire. */
import type { IncomingMessage } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { systemError } from '../base/base.ts'
import type { TlsSettings } from './tls-options.ts'
import { tlsOptionsOf } from './tls-stream.ts'

/** A header is Latin-1 on the wire, a token any UTF-8: its bytes stay as they are. */
export const authorizationOf = (token: string): string => `Bearer ${Buffer.from(token).toString('latin1')}`

/** Without the host, which would take the place of the one to connect to. */
export function tlsOptionsFor({ hostname }: URL, tls: TlsSettings): ConnectionOptions {
  const { host: _host, ...options } = tlsOptionsOf(tls, hostname.replace(/^\[|\]$/g, ''))
  return options
}

/** The whole body as text. EMSGSIZE where it is longer than `bytesMax`, and what reading fails with. */
export async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    bytes += chunk.length
    if (bytes > bytesMax) throw systemError('EMSGSIZE', 'the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
