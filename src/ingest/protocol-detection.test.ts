import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import {
  DATAGRAM_ROWS,
  DETECTION_BYTES_MAX,
  type Detection,
  type DetectionPort,
  detectDatagram,
  ProtocolDetector,
  STREAM_ROWS,
  type StreamProtocol,
} from './protocol-detection.ts'

/** A log port with everything configured. */
const OPEN: DetectionPort = {
  hasCertificate: true,
  isProxyTrusted: true,
  isHttpEnabled: true,
  isOpen: true,
  syslogFrameBytesMax: 262_144,
}
/** A pinned port, or the IRC port, without anything around its protocol. */
const BARE: DetectionPort = {
  ...OPEN,
  hasCertificate: false,
  isProxyTrusted: false,
  isHttpEnabled: false,
  isOpen: false,
}

/** The first bytes up to the one that decides, then what may follow; Latin-1. */
type Vector = readonly [protocol: StreamProtocol, deciding: string, rest: string]

const V2_SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
const LONG_LINE_BYTES = DETECTION_BYTES_MAX - 'GET / HTTP/1.1\r\n'.length

const VECTORS: readonly Vector[] = [
  ['tls', '\x16\x03\x01', '\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['tls', '\x16\x03\x03', '\x00\x7a'],
  ['text', '\x16\x03\x10', 'no version of TLS\n'],
  ['text', '\x16\x02', '\x01'],
  ['text', '\x17', '\x03\x03'],

  ['proxy', 'PROXY ', 'TCP4 192.0.2.1 192.0.2.2 56324 9999\r\nLOG|INFO||hello\n'],
  ['proxy', V2_SIGNATURE, '\x21\x11\x00\x0c'],
  ['text', 'PROXYING requests\n', 'more\n'],
  ['text', '\r\nL', 'OG|INFO||after an empty line\n'],
  ['text', '\r\n\r\n\0\r\nQUIT\r', '\n'],

  ['http', 'GET / HTTP/1.1\r\n', 'Host: localhost\r\n\r\n'],
  ['http', 'POST /insert/jsonline?_msg_field=m HTTP/1.0\r\n', '\r\n'],
  ['http', 'M-SEARCH * HTTP/1.1\r\n', '\r\n'],
  ['http', 'GET /a HTTP/1.0 HTTP/1.1\r\n', '\r\n'],
  ['http', 'GET /\xc3\xa9 HTTP/1.1\r\n', '\r\n'],
  ['http', `GET /${'a'.repeat(LONG_LINE_BYTES)} HTTP/1.1\r\n`, '\r\n'],
  ['text', `GET /${'a'.repeat(LONG_LINE_BYTES + 1)} HTTP/1.1\r`, '\n\r\n'],
  ['http2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0\0\0\x04\0\0\0\0\0'],
  ['text', 'PRI * HTTP/2.0\r\n\r\nSN', '\n'],
  ['text', 'GET /index.html 200 12ms\n', 'GET /favicon.ico 404 1ms\n'],
  ['text', 'GET / HTTP/1.1 200\r\n', 'GET / HTTP/1.1\r\n'],
  ['text', 'GET / HTTP/1.1\n', 'Host: without carriage returns\n'],
  ['text', 'GET / HTTP/1.2\r\n', '\r\n'],
  ['text', 'GET / HTTP/1.1\r\r\n', '\r\n'],
  ['text', 'GET / http/1.1\r\n', '\r\n'],
  ['text', 'GET HTTP/1.1\r\n', '\r\n'],
  ['text', 'GET\t', '/ HTTP/1.1\r\n'],
  ['text', 'GET\n', '\n'],
  ['text', ' ', 'GET / HTTP/1.1\r\n'],

  ['irc', 'NICK alice\r\n', 'USER alice 0 * :Alice\r\n'],
  ['irc', 'NICK :[a]-1\n', ''],
  ['irc', 'CAP LS 302\r\n', 'NICK alice\r\n'],
  ['irc', 'CAP LS\n', ''],
  ['irc', 'CAP LIST\r\n', ''],
  ['irc', 'CAP END\r\n', ''],
  ['irc', 'CAP REQ :sasl message-tags\r\n', ''],
  ['irc', 'CAP REQ sasl\r\n', ''],
  ['irc', 'USER alice 0 * :Alice in chains\r\n', 'NICK alice\r\n'],
  ['irc', 'USER alice host server Alice\r\n', ''],
  ['irc', 'PASS secret\r\nNICK alice\r\n', 'USER alice 0 * :Alice\r\n'],
  ['irc', 'PASS a b c\nUSER alice 0 * :\n', ''],
  ['text', 'PASS src/a.test.ts\nP', 'ASS src/b.test.ts\n'],
  ['text', 'PASS src/a.test.ts\nF', 'AIL src/b.test.ts\n'],
  ['text', 'PASS src/a.test.ts\nNICK of time\n', ''],
  ['text', 'User login: admin\n', ''],
  ['text', 'USER login: admin\n', ''],
  ['text', 'USER a b c\n', ''],
  ['text', 'USER a b c d e\n', ''],
  ['text', 'nick alice\r\n', ''],
  ['text', 'NICK alice bob\r\n', ''],
  ['text', 'NICK 1st\r\n', ''],
  ['text', 'NICK \r\n', ''],
  ['text', 'NICK\n', ''],
  ['text', 'CAP LS of the hill\n', ''],
  ['text', 'CAP ls\n', ''],
  ['text', 'CAP REQ\n', ''],
  ['text', 'CAPS LOCK\n', ''],
  ['text', `USER alice 0 * :${'x'.repeat(512)}\r\n`, ''],

  ['syslog', '<13>', 'Nov 20 18:00:17 vm payroll[4242]: text\n'],
  ['syslog', '<0>', '1 - - - - - -\n'],
  ['syslog', '<191>', '\n'],
  ['text', '<192>', '\n'],
  ['text', '<1234', '>\n'],
  ['text', '<>', '\n'],
  ['text', '<h', 'tml>\n'],
  ['text', '<1x', '>\n'],

  ['syslog', '85 <165>', '1 2026-11-21T07:00:00Z h a p m - text'],
  ['syslog', '262144 <1>', ''],
  ['text', '262145 <1>\n', ''],
  ['text', '9999999 <13>\n', ''],
  ['text', '12345678 <13>\n', ''],
  ['text', '0 <13>\n', ''],
  ['text', '085 <13>\n', ''],
  ['text', '200 <html>\n', ''],
  ['text', '200 <>\n', ''],
  ['text', '200 <13\n', ''],
  ['text', '2026-11-21T07:', '58:03Z an event\n'],
  ['text', '2026-11-21 07:58:03 an event\n', ''],
  ['text', '20:', '00 dinner\n'],

  ['relp', '1 open 8', '5 relp_version=0\n'],
  ['relp', '999999999 open 0', '\n'],
  ['text', '1234567890 open 1\n', ''],
  ['text', '1 open files\n', ''],
  ['text', '1 opened 5\n', ''],
  ['text', '1  open 5\n', ''],

  ['json', '{', '"msg":"hello"}\n'],
  ['text', '[', '{"msg":"hello"}]\n'],
  ['text', '"', '{"\n'],

  ['framedJson', '\0\0\0\x0f{', '"type":"ping"}'],
  ['framedJson', '\0\x10\0\0 ', '{"type":"ping"}'],
  ['framedJson', '\0\0\0\x10\n', '{"type":"ping"}'],
  ['framedJson', '\0\x10\xff\xff{', ''],
  ['text', '\0\x11', '\0\0{'],
  ['text', '\0\0\0\x0f[', ']'],
  ['text', '\x01\0', '\0\x0f{'],

  ['binary', '\x01\x01', '\0\x0c\0\0\0\x01'],
  ['binary', '\x01\x04', '\0\0\0\0\0\x01'],
  ['binary', '\x02\x01', '\0\0\0\0\0\x01'],
  ['binary', '\x08\x03', ''],
  ['text', '\x01\x05', ''],
  ['text', '\x01\0', ''],
  ['text', '\x01\x81', ''],
  ['text', '\x09', '\x01 a line that begins with a tab\n'],

  ['lumberjack', '2W\0\0\0\x0a2J', '\0\0\0\x01'],
  ['lumberjack', '2W\0\x01\0\x002C', ''],
  ['lumberjack', '1W\0\0\0\x011D', ''],
  ['lumberjack', '1W\0\0\0\x011C', ''],
  ['text', '2W\0\x01\0\x01', '2C'],
  ['text', '2W\0\0\0\0', '2J'],
  ['text', '2W\0\0\0\x011', 'D'],
  ['text', '2W\0\0\0\x012D', ''],
  ['text', '1W\0\0\0\x011J', ''],
  ['text', '2W lamp\n', ''],

  ['fluentForward', '\x92\xa8', 'app.logs\x90'],
  ['fluentForward', '\x93\xd9', '\x01a'],
  ['fluentForward', '\x94\xda', '\0\x01a'],
  ['fluentForward', '\x92\xdb', '\0\0\0\x01a'],
  ['fluentForward', '\x92\xbf', ''],
  ['fluentForward', '\xdc\0\x02', '\xa1a'],
  ['fluentForward', '\xdd\0\0\0\x04', '\xa1a'],
  ['text', '\x91', '\xa1a'],
  ['text', '\x95', '\xa1a'],
  ['text', '\x92\x9f', ''],
  ['text', '\x92\xc0', ''],
  ['text', '\xdc\0\x05', ''],
  ['text', '\xdc\0\x01', ''],
  ['text', '\xdd\0\0\0\x05', ''],
  ['text', '\xdd\0\0\x01', '\x02'],
  ['text', '\xdc\x90', '\xdc\x9d\xdc\xa0 (Syriac)\n'],
  ['text', '\xdd\x80', ' (Syriac)\n'],
  ['text', '\xc0', '\xce\xc1\xf6 \xb7\xce\xb1\xd7 (CP949)\n'],
  ['text', '\xdc\xac', ' (CP949)\n'],
  ['text', '\x93H', 'ello\x94 (Windows-1252)\n'],

  ['text', 'LOG:', '  database system is ready\n'],
  ['text', 'LOG:', '1700000000:INFO:hello\n'],
  ['text', 'LOG|INFO||hello\n', ''],
  ['text', 'LOG|INFO||hello world\n', 'LOG|INFO||again\n'],
  ['text', 'PING\n', ''],
  ['text', '\n', 'LOG|INFO||hello\n'],
  ['text', '\xef', '\xbb\xbfa mark of byte order\n'],
  ['text', `${'x'.repeat(DETECTION_BYTES_MAX)}`, 'x'],
]

/** First bytes that leave more than one answer. */
const UNDECIDED: readonly string[] = [
  '',
  'G',
  'GET / HTTP/1.1',
  'GET / HTTP/1.1\r',
  'LOG|INFO||a line without its end',
  'PASS src/a.test.ts\n',
  'PASS secret\r\nNICK alice',
  'CAP LS 302\r',
  '\x16\x03',
  'PROXY',
  V2_SIGNATURE.slice(0, -1),
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r',
  '<1',
  '85 <165',
  '1 open ',
  '\0\0\0\0',
  '\x01',
  '2W\0\0\0\x0a2',
  '\x92',
  '\xdd\0\0\0',
  'x'.repeat(DETECTION_BYTES_MAX - 1),
]

function detect(chunks: readonly Uint8Array[], port = OPEN): Detection {
  const detector = new ProtocolDetector(port)
  for (const [index, chunk] of chunks.entries()) {
    const detection = chunk.length === 0 ? null : detector.push(chunk)
    if (detection === null) continue
    const bytes = Buffer.concat([detection.bytes, ...chunks.slice(index + 1)])
    return { ...detection, bytes }
  }
  return detector.end()
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const shown = (text: string): string => JSON.stringify(text.length > 50 ? `${text.slice(0, 50)}…` : text)
const bytewise = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte))

function assertDetection(found: Detection, [protocol, deciding, rest]: Vector, cut: string): void {
  assert.equal(found.protocol, protocol, cut)
  assert.equal(found.decidedAfter, deciding.length, `deciding byte, ${cut}`)
  assert.equal(latin1(found.bytes), deciding + rest, `bytes, ${cut}`)
}

describe('ProtocolDetector', () => {
  for (const vector of VECTORS) {
    const [protocol, deciding, rest] = vector
    it(`takes ${shown(deciding)} for ${protocol} at its last byte, wherever it is cut`, () => {
      const bytes = Buffer.from(deciding + rest, 'latin1')
      assertDetection(detect([bytes]), vector, 'whole')
      assertDetection(detect(bytewise(bytes)), vector, 'cut at every byte')
      const step = Math.ceil(bytes.length / 200)
      for (let at = 1; at < bytes.length; at += step) {
        assertDetection(detect([bytes.subarray(0, at), bytes.subarray(at)]), vector, `cut at ${at}`)
      }
    })
  }

  for (const text of UNDECIDED) {
    it(`waits after ${shown(text)}, and takes it for text when nothing more comes`, () => {
      const bytes = Buffer.from(text, 'latin1')
      for (const chunks of [[bytes], bytewise(bytes)]) {
        assertDetection(detect(chunks), ['text', text, ''], 'ended')
      }
      const detector = new ProtocolDetector(OPEN)
      if (bytes.length > 0) assert.equal(detector.push(bytes), null)
      assert.equal(detector.heldBytes, bytes.length)
    })
  }

  it('has a vector for every row, and no vector that two rows match at the same byte', () => {
    const matched = new Set<number>()
    for (const [, deciding] of VECTORS) {
      const rows = STREAM_ROWS.flatMap((row, index) =>
        isMatchAtEnd(row.test(OPEN), deciding) ? [index] : [],
      )
      assert.ok(rows.length <= 1, `${shown(deciding)} matches rows ${rows}`)
      for (const row of rows) matched.add(row)
    }
    assert.equal(matched.size, STREAM_ROWS.length)
  })

  it('takes every stream for text where no row is possible, from its first byte', () => {
    for (const [, deciding, rest] of VECTORS) {
      const bytes = Buffer.from(deciding + rest, 'latin1')
      assertDetection(detect([bytes], BARE), ['text', '', deciding + rest], 'whole')
    }
  })

  it('knows on a pinned port only what the port has around its protocol', () => {
    const tls = Buffer.from('\x16\x03\x01', 'latin1')
    const get = Buffer.from('GET / HTTP/1.1\r\n')
    const header = Buffer.from('PROXY ')
    assert.equal(detect([tls], { ...BARE, hasCertificate: true }).protocol, 'tls')
    assert.equal(detect([get], { ...BARE, hasCertificate: true }).protocol, 'text')
    assert.equal(detect([header], { ...BARE, isProxyTrusted: true }).protocol, 'proxy')
    assert.equal(detect([get], { ...BARE, isHttpEnabled: true }).protocol, 'http')
  })

  it('knows neither TLS without a certificate nor PROXY from an address that is not trusted', () => {
    const port = { ...OPEN, hasCertificate: false, isProxyTrusted: false }
    assertDetection(detect([Buffer.from('\x16\x03\x01')], port), ['text', '\x16', '\x03\x01'], 'TLS')
    assertDetection(detect([Buffer.from(V2_SIGNATURE)], port), ['text', '\r', V2_SIGNATURE.slice(1)], 'PROXY')
    assert.equal(detect([Buffer.from('PROXY TCP4 a b 1 2\r\n')], port).protocol, 'text')
  })

  it('takes no count of more than seven digits, whatever the limit', () => {
    const port = { ...OPEN, syslogFrameBytesMax: Number.MAX_SAFE_INTEGER }
    assert.equal(detect([Buffer.from('9999999 <13>')], port).protocol, 'syslog')
    assert.equal(detect([Buffer.from('12345678 <13>\n')], port).protocol, 'text')
  })

  it('answers the same for any bytes, however they are cut, and loses none', () => {
    const seed = 20_261_121
    const random = new SeededRandom(seed)
    for (let round = 0; round < 2000; round++) {
      const [, deciding, rest] = VECTORS[random.below(VECTORS.length)]
      const bytes = Buffer.from((deciding + rest).slice(0, 600), 'latin1')
      if (bytes.length === 0) continue
      for (let change = random.below(4); change > 0; change--) {
        bytes[random.below(Math.min(bytes.length, 12))] = random.below(256)
      }
      const whole = detect([bytes])
      const at = random.below(bytes.length)
      const cut = detect([bytes.subarray(0, at), bytes.subarray(at)])
      const where = `seed ${seed}, round ${round}`
      assertDetection(
        cut,
        [
          whole.protocol,
          latin1(bytes.subarray(0, whole.decidedAfter)),
          latin1(bytes.subarray(whole.decidedAfter)),
        ],
        where,
      )
      assert.equal(latin1(whole.bytes), latin1(bytes), where)
    }
  })
})

function isMatchAtEnd(test: Generator<undefined, boolean, number>, text: string): boolean {
  test.next()
  for (let at = 0; at < text.length; at++) {
    const step = test.next(text.charCodeAt(at))
    if (step.done === true) return step.value && at === text.length - 1
  }
  return false
}

const DATAGRAMS: readonly (readonly [protocol: string, text: string])[] = [
  ['framedJson', '\0\0\0\x0f{"type":"ping"}'],
  ['framedJson', '\0\0\0\x10 {"type":"ping"}'],
  ['text', '\0\0\0\x0f{"type":"ping"}\n'],
  ['text', '\0\0\0\x10{"type":"ping"}'],
  ['text', '\0\0\0\x02[]'],
  ['text', '\0\0\0\0'],
  ['gelf', '\x1e\x0f12345678\0\x01{'],
  ['gelf', '\x1f\x8b\x08'],
  ['gelf', '\x78\x9c\x00'],
  ['gelf', '\x78\x01'],
  ['gelf', '\x78\x5e'],
  ['gelf', '\x78\xda'],
  ['text', '\x1e\x0e'],
  ['text', '\x1f'],
  ['text', 'x = 5\n'],
  ['text', 'x'],
  ['syslog', '<13>Nov 20 18:00:17 vm payroll[4242]: text'],
  ['text', '<192>text'],
  ['text', '<13'],
  ['text', '85 <165>1 - - - - - -'],
  ['json', '{"version":"1.1"}'],
  ['json', '{'],
  ['text', 'GET / HTTP/1.1\r\n\r\n'],
  ['text', '\x01\x01\0\0'],
  ['text', '\x16\x03\x01'],
  ['text', '\n'],
  ['text', ''],
]

describe('detectDatagram', () => {
  for (const [protocol, text] of DATAGRAMS) {
    it(`takes ${shown(text)} for ${protocol}`, () => {
      assert.equal(detectDatagram(Buffer.from(text, 'latin1')), protocol)
    })
  }

  it('has a vector for every row', () => {
    for (const { protocol } of DATAGRAM_ROWS) assert.ok(DATAGRAMS.some(([expected]) => expected === protocol))
  })
})
