/**
 * Garbage for servers: random bytes, what protocols begin with, whole sessions of each, and changed copies of them.
 * Everything comes from a seed.
 */
import { createCipheriv } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { connect } from 'node:tls'
import { gzipSync } from 'node:zlib'
import type { SeededRandom } from '../src/base/base.ts'
import { binaryFrame, binaryLog, jsonFrame } from './frames.ts'

/** The same bytes for the same seed. */
export function randomBytes(seed: number, byteCount: number): Buffer {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(seed)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(byteCount))
}

// ---- what protocols begin with ------------------------------------------------------------------------------------

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const HOST = 'Host: 127.0.0.1\r\n'

/** First bytes by what they promise. */
export const OPENINGS: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'a command': latin1('LOG|INFO||'),
  'a query': latin1('QUERY|LOGSQL|'),
  syslog: latin1('<13>'),
  'counted syslog': latin1('9999 <13>'),
  'a JSON record': latin1('{"a":'),
  'a binary LOG': latin1('\x01\x01'),
  'a binary QUERY': latin1('\x01\x02\xff\xff'),
  'a binary frame of version 7': latin1('\x07\x01'),
  'framed JSON': latin1('\x00\x01\x00\x00{'),
  'framed JSON of five bytes': latin1('\x00\x00\x00\x05{'),
  'an HTTP request': latin1(`GET / HTTP/1.1\r\n${HOST}`),
  'a long body': latin1(`POST /insert/jsonline HTTP/1.1\r\n${HOST}Content-Length: 9999999999\r\n\r\n`),
  'a chunked body': latin1(
    `POST /api/v1/logs HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nffffff\r\n`,
  ),
  'HTTP/2': latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  TLS: latin1('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  'a PROXY header': latin1('PROXY TCP4 1.2.3.4 '),
  RELP: latin1('1 open 85 '),
  Beats: latin1('2W\x00\x00\x00\x052J\x00\x00\x00\x01'),
  'Fluent Forward': latin1('\x93\xa3tag'),
  IRC: latin1('NICK mia\r\nUSER mia 0 * :Mia\r\n'),
}

// ---- whole sessions -----------------------------------------------------------------------------------------------

function httpRequest(method: string, path: string, body: string | Buffer = '', headers = ''): Buffer {
  const bytes = Buffer.from(body)
  const head = `${method} ${path} HTTP/1.1\r\n${HOST}${headers}Content-Length: ${bytes.length}\r\n\r\n`
  return Buffer.concat([latin1(head), bytes])
}

const NDJSON = '{"_msg":"one","level":"info","n":1}\n{"_msg":"two","a":{"b":[1,2,null]}}\n'

/** Sessions that every protocol takes, as the pieces that they are made of. */
export const SESSIONS: Readonly<Record<string, readonly Buffer[]>> = {
  text: [
    'PING\n',
    'LOG|INFO||hello\n',
    'LOG:1700000000:WARN:short\n',
    'a plain line\n',
    '<13>Jan  1 00:00:00 host app: syslog\r\n',
    'STATS\n',
    'LOG|ERROR|2026-01-01T00:00:00Z|a|b\n',
    'AUTH|token\n',
    'QUIT\n',
  ].map(latin1),
  query: [
    'QUERY|KEYWORD|hello\n',
    'QUERY:ERROR\n',
    'QUERY|LOGSQL|level:info | stats count() as n\n',
    'QUERY|TIME|1700000000..1800000000\n',
    'QUERY|REGEX|h.l+o\n',
    'QUERY|ID|5\n',
    'QUERY|TAIL|nothing_like_it\n',
    'HELP\n',
    'QUIT\n',
  ].map(latin1),
  binary: [
    binaryLog(1, latin1('hello')),
    binaryFrame(3, 2, latin1('ping')),
    binaryFrame(2, 3, latin1('level:info | limit 5')),
    binaryLog(4, latin1('world')),
    binaryFrame(4, 5, Buffer.alloc(0)),
  ],
  'framed JSON': [
    jsonFrame('ping', {}, 1),
    jsonFrame('log', { message: 'hello', level: 'info', fields: { a: 1 } }, 2),
    jsonFrame('log_batch', { records: [{ message: 'a' }, { message: 'b' }], batch_id: 'b1' }, 3),
    jsonFrame('query', { query: 'level:info', limit: 5 }, 4),
    jsonFrame('tail', { query: 'nothing_like_it' }, 5),
    jsonFrame('compute', { numbers: [1, 2, 3] }, 6),
    jsonFrame('stats', {}, 7),
    jsonFrame('broadcast', { text: 'all' }, 8),
  ],
  HTTP: [
    httpRequest('POST', '/insert/jsonline?_stream_fields=n', NDJSON),
    httpRequest('GET', '/health'),
    httpRequest('POST', '/api/v1/logs', NDJSON, 'Idempotency-Key: k\r\n'),
    httpRequest('POST', '/api/v1/logs', gzipSync(NDJSON), 'Content-Encoding: gzip\r\n'),
    latin1(`POST /insert/jsonline HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`),
    latin1('e\r\n{"_msg":"one"}\r\n1\r\n\n\r\n0\r\n\r\n'),
    httpRequest(
      'POST',
      '/api/v1/logs',
      '[{"message":"a"},{"message":"b"}]',
      'Content-Type: application/json\r\n',
    ),
    httpRequest('GET', '/select/logsql/query?query=level:info&limit=5'),
    httpRequest('POST', '/api/data', '{"a":1}', 'Content-Type: application/json\r\n'),
    httpRequest('OPTIONS', '/api/echo', '', 'Origin: http://127.0.0.1\r\n'),
    httpRequest('GET', '/static/%2e%2e/x'),
  ],
}

/** What a TLS client begins with. */
export async function clientHello(): Promise<Buffer> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  client.on('error', () => {})
  const [socket] = await once(server, 'connection')
  const [hello] = await once(socket, 'data')
  socket.destroy()
  client.destroy()
  server.close()
  return hello
}

// ---- changed copies -----------------------------------------------------------------------------------------------

/** A session with some things wrong: pieces lost, doubled, swapped, bits flipped, bytes cut out or put in. */
export function mutate(random: SeededRandom, pieces: readonly Buffer[]): Buffer {
  const list = [...pieces]
  for (let changes = 1 + random.below(3); changes > 0; changes--) mutatePieces(random, list)
  let bytes = Buffer.concat(list)
  for (let changes = random.below(6); changes > 0; changes--) bytes = mutateBytes(random, bytes)
  return bytes
}

function mutatePieces(random: SeededRandom, list: Buffer[]): void {
  if (list.length === 0) return
  const at = random.below(list.length)
  const other = random.below(list.length)
  const kind = random.below(4)
  if (kind === 0) list.splice(at, 1)
  if (kind === 1) list.splice(other, 0, list[at])
  if (kind === 2) [list[at], list[other]] = [list[other], list[at]]
}

function mutateBytes(random: SeededRandom, bytes: Buffer): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length + 1)
  const length = 1 + random.below(random.chance(0.2) ? 200 : 4)
  const [before, cut, behind] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ]
  switch (random.below(5)) {
    case 0:
      return Buffer.concat([before, cut.map((byte) => byte ^ (1 << random.below(8))), behind])
    case 1:
      return Buffer.concat([before, behind])
    case 2:
      return Buffer.concat([before, cut, cut, behind])
    case 3:
      return Buffer.concat([before, randomBytes(random.below(2 ** 31), length), cut, behind])
    default:
      return Buffer.concat([before])
  }
}

/** The same bytes in a few chunks. */
export function cutUp(random: SeededRandom, bytes: Buffer): Buffer[] {
  const cuts = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort(
    (a, b) => a - b,
  )
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
}
